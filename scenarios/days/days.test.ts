import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AlertJson } from '../../src/detect/json.ts';
import { root, temporaryFolder } from '../harness.ts';
import { attacks, cannotMake } from './attacks.ts';
import { type Day, makeDays, recordAttacks } from './make-days.ts';
import { type Score, score } from './truth.ts';

const seed = 1;
/** The machines of the three sites for a day each. */
const leastHostDays = 20;
const mostWrongADay = 1;

const folder = temporaryFolder();
const results: { readonly day: Day; readonly score: Score; readonly alerts: readonly AlertJson[] }[] = [];
const took: Record<string, number> = {};

/** Runs `picket replay` on a capture, as a user does, and returns its alerts. */
async function replay({ file }: Day): Promise<AlertJson[]> {
  const args = ['replay', file, '-o', 'json'];
  const run = promisify(execFile)(join(root, 'picket'), args, { maxBuffer: 1 << 28 });
  // The exit code says that there are alerts.
  const { stdout } = await run.catch((error: { code?: number; stdout: string }) => {
    if (error.code !== 1) throw error;
    return error;
  });
  return (JSON.parse(stdout) as { alerts: AlertJson[] }).alerts;
}

async function timed<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await work();
  took[what] = (performance.now() - begun) / 1000;
  return result;
}

beforeAll(async () => {
  const captures = await timed('attacks recorded', () => recordAttacks(folder.path));
  const days = await timed('days made', () => makeDays(folder.path, seed, captures));
  const alerts = await timed('replayed', () => Promise.all(days.map(replay)));
  for (const [at, day] of days.entries())
    results.push({ day, alerts: alerts[at]!, score: score(alerts[at]!, day.truth) });
  console.info(table());
}, 240_000);

afterAll(() => folder[Symbol.dispose]());

const hostDays = () => results.reduce((sum, { day }) => sum + day.hosts, 0);
const wrong = () =>
  results.flatMap(({ score, day }) => score.wrong.map((alert) => ({ ...alert, site: day.site })));
const found = (name: string) =>
  results.flatMap(({ score }) => score.attacks).find(({ expected }) => expected.name === name);

for (const attack of attacks) {
  const { name, tool, detector, within, isMissing } = attack;
  const reason = cannotMake(attack);
  const title = isMissing
    ? `${name} (${tool}) is not found yet: there is no ${detector}`
    : `${name} (${tool}) is found by ${detector} within ${durationText(within)}`;
  test.skipIf(reason)(`${title}${reason ? ` (skipped: ${reason})` : ''}`, () => {
    const result = found(name)!;
    if (isMissing) expect(result.alert, `${detector} finds it now: take \`isMissing\` off`).toBeUndefined();
    else expect(result.alert, alertsOf(result.expected.entity)).toBeDefined();
  });
}

test('no more than one alert a day and machine is about nothing, over all detectors', () => {
  expect(hostDays()).toBeGreaterThanOrEqual(leastHostDays);
  expect(wrong().length, table()).toBeLessThanOrEqual(hostDays() * mostWrongADay);
});

/** What was said of an entity instead. */
function alertsOf(entity: string): string {
  const about = results.flatMap(({ alerts }) => alerts).filter((alert) => alert.entity === entity);
  return about
    .map(({ detector, title, firstAt }) => `${new Date(firstAt).toISOString()} ${detector}: ${title}`)
    .join('\n');
}

/** Everything that was counted, as a text. */
function table(): string {
  const rows = results.flatMap(({ score }) => score.attacks);
  const known = rows.filter(({ expected }) => !expected.isMissing);
  const byDetector = Map.groupBy(wrong(), ({ detector }) => detector);
  return [
    `${hostDays()} host-days, ${results.reduce((sum, { day }) => sum + day.packets, 0)} packets; ${Object.entries(
      took,
    )
      .map(([what, seconds]) => `${what} in ${seconds.toFixed(1)} s`)
      .join(', ')}`,
    `attacks found: ${known.filter(({ alert }) => alert).length} of ${known.length}`,
    ...rows.map(
      ({ expected, alert, delay }) =>
        `  ${expected.site}: ${expected.name} (${expected.tool}): ${alert ? `${alert.detector} after ${durationText(delay)}` : expected.isMissing ? `no ${expected.detector} yet` : 'MISSED'}`,
    ),
    `alerts about nothing: ${wrong().length}, ${(wrong().length / hostDays()).toFixed(2)} a day and machine`,
    ...[...byDetector].flatMap(([detector, alerts]) => [
      `  ${detector}: ${alerts.length}`,
      ...alerts.map(
        ({ site, title, firstAt }) => `    ${site} ${new Date(firstAt).toISOString().slice(11, 19)} ${title}`,
      ),
    ]),
  ].join('\n');
}

function durationText(ms: number): string {
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 7_200_000 ? `${(ms / 60_000).toFixed(0)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}
