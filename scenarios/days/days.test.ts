import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AlertJson } from '../../src/detect/json.ts';
import { root, temporaryFolder } from '../harness.ts';
import { attacks, cannotMake } from './attacks.ts';
import { type Day, makeDays, recordAttacks } from './make-days.ts';
import { type Score, score } from './truth.ts';

const seed = 1;
const leastHostDays = 20;
const mostWrongADay = 1;
/** The same days, read without anything declared, and with the site file that an operator would write. */
const readings = ['nothing declared', 'machines and partners declared'] as const;

type Reading = (typeof readings)[number];

/** What was made of one day. */
interface Result {
  readonly day: Day;
  readonly score: Score;
  readonly alerts: readonly AlertJson[];
}

const folder = temporaryFolder();
const results = new Map<Reading, Result[]>();
const took: Record<string, number> = {};

beforeAll(async () => {
  const captures = await timed('attacks recorded', () => recordAttacks(folder.path));
  const days = await timed('days made', () => makeDays(folder.path, seed, captures));
  for (const reading of readings)
    results.set(reading, await timed(reading, () => Promise.all(days.map((day) => judged(day, reading)))));
  const times = Object.entries(took).map(([what, seconds]) => `${what} in ${seconds.toFixed(1)} s`);
  console.info([times.join(', '), ...readings.map(table)].join('\n'));
}, 600_000);

afterAll(() => folder[Symbol.dispose]());

describe.each(readings)('%s', (reading) => {
  for (const attack of attacks) {
    const { name, tool, detector, within, isMissing } = attack;
    const reason = cannotMake(attack);
    const title = isMissing
      ? `${name} (${tool}) is not found yet by ${detector}`
      : `${name} (${tool}) is found by ${detector} within ${durationText(within)}`;
    test.skipIf(reason)(`${title}${reason ? ` (skipped: ${reason})` : ''}`, () => {
      const all = results.get(reading)!.flatMap(({ score }) => score.attacks);
      const { alert, expected } = all.find((one) => one.expected.name === name)!;
      if (isMissing) expect(alert, `${detector} finds it now: take \`isMissing\` off`).toBeUndefined();
      else expect(alert, said(reading, [expected.entity, expected.called ?? ''])).toBeDefined();
    });
  }

  test('no more than one alert a day and machine is about nothing, over all detectors', () => {
    expect(hostDays(reading)).toBeGreaterThanOrEqual(leastHostDays);
    expect(wrong(reading).length, table(reading)).toBeLessThanOrEqual(hostDays(reading) * mostWrongADay);
  });
});

test('what is declared makes fewer alerts about nothing', () => {
  const [without, with_] = readings.map((reading) => wrong(reading).length);
  expect(with_!).toBeLessThan(without!);
});

async function judged(day: Day, reading: Reading): Promise<Result> {
  const alerts = await replay(day, reading === 'nothing declared' ? [] : ['--manifests', day.declared]);
  return { day, alerts, score: score(alerts, day.truth) };
}

/** Runs `picket replay` on a capture, as a user does, and returns its alerts. */
async function replay({ file }: Day, more: readonly string[]): Promise<AlertJson[]> {
  const args = ['replay', file, '-o', 'json', ...more];
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

function hostDays(reading: Reading): number {
  return results.get(reading)!.reduce((sum, { day }) => sum + day.hosts, 0);
}

/** Alerts that no attack explains. */
function wrong(reading: Reading): readonly (AlertJson & { readonly site: string })[] {
  return results
    .get(reading)!
    .flatMap(({ score, day }) => score.wrong.map((alert) => ({ ...alert, site: day.site })));
}

/** What was said of an entity instead. */
function said(reading: Reading, names: readonly string[]): string {
  const about = results
    .get(reading)!
    .flatMap(({ alerts }) => alerts)
    .filter(({ entity }) => names.includes(entity));
  return about.map((alert) => `${timeText(alert)} ${alert.detector}: ${alert.title}`).join('\n');
}

/** Everything that was counted, as a text. */
function table(reading: Reading): string {
  const rows = results.get(reading)!.flatMap(({ score }) => score.attacks);
  const known = rows.filter(({ expected }) => !expected.isMissing);
  const packets = results.get(reading)!.reduce((sum, { day }) => sum + day.packets, 0);
  const nothing = wrong(reading);
  return [
    `${reading}: ${hostDays(reading)} host-days, ${packets} packets`,
    `attacks found: ${known.filter(({ alert }) => alert).length} of ${known.length}`,
    ...rows.map(rowText),
    `alerts about nothing: ${nothing.length}, ${(nothing.length / hostDays(reading)).toFixed(2)} a day and machine`,
    ...[...Map.groupBy(nothing, ({ detector }) => detector)].flatMap(([detector, alerts]) => [
      `  ${detector}: ${alerts.length}`,
      ...alerts.map((alert) => `    ${alert.site} ${timeText(alert)} ${alert.title}`),
    ]),
  ].join('\n');
}

function rowText({ expected, alert, delay }: Score['attacks'][number]): string {
  const { site, name, tool, detector, isMissing } = expected;
  const outcome = alert
    ? `${detector} after ${durationText(delay)}`
    : isMissing
      ? `not yet found by ${detector}`
      : 'MISSED';
  return `  ${site}: ${name} (${tool}): ${outcome}`;
}

function timeText({ firstAt }: AlertJson): string {
  return new Date(firstAt).toISOString().slice(11, 19);
}

function durationText(ms: number): string {
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 7_200_000 ? `${(ms / 60_000).toFixed(0)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}
