import { describe, expect, test } from 'vitest';
import type { Flow } from '../flow/flow.ts';
import type { Finding } from './detector.ts';
import { exfiltration } from './exfiltration.ts';
import { flowOf, named } from './flow.fixture.ts';
import { give } from './recorded.fixture.ts';

const hour = 3_600_000;
const day = 24 * hour;
const office = '10.0.0.5';
const outside = '198.51.100.7';

/** A connection that ended at a time, with what it sent and received. */
function upload(at: number, sent: number, received: number, changes: Partial<Flow> = {}, to = outside): Flow {
  return flowOf(office, to, 443, {
    state: 'closed',
    seenBy: 'network',
    openedAt: at - 1000,
    closedAt: at,
    sent: { packets: 1, bytes: sent },
    received: { packets: 1, bytes: received },
    ...changes,
  });
}

function start(settings: object = {}) {
  const detector = exfiltration.create(exfiltration.options.parse(settings));
  const findings: Finding[] = [];
  return { detector, findings, see: (flow: Flow) => findings.push(...give(detector, flow)) };
}

/** Days of an office computer: each hour it reads 50 MB and sends 1 MB to each of ten places. */
function officeDays(run: ReturnType<typeof start>, days: number, sent = 1e6): void {
  for (let at = hour; at < days * day; at += hour)
    for (let place = 1; place <= 10; place++) run.see(upload(at, sent, 50e6, {}, `203.0.113.${place}`));
}

describe('against its own history', () => {
  test('a consumer that sends 30 MB to one place is told, with what is usual', () => {
    const run = start();
    officeDays(run, 4);
    expect(run.findings).toEqual([]);
    for (let part = 0; part < 30; part++) run.see(upload(4 * day + part * 60_000, 1e6, 5000));
    expect(run.findings).toHaveLength(1);
    const [finding] = run.findings;
    expect(finding).toMatchObject({
      severity: 'high',
      entity: office,
      title: `Exfiltration: ${office} uploaded 20.0 MB to ${outside} within an hour`,
    });
    expect(finding!.explanation).toContain(
      'the most to any one place was 1.0 MB in an hour and 24.0 MB in a day',
    );
    expect(finding!.explanation).toContain(
      'ratio to the outside is -0.96 usually: it receives more than it sends; here it is +0.99',
    );
    expect(finding!.evidence).toContainEqual({
      name: 'sent within an hour',
      value: '20.0 MB',
      expected: 'below 20.0 MB',
    });
  });

  test('nothing is told while it is learned, and one that sends as much each day is not told later', () => {
    const run = start();
    for (let at = hour; at < 20 * day; at += day)
      for (let part = 0; part < 9; part++) run.see(upload(at + part * 60_000, 10e6, 1000));
    expect(run.findings).toEqual([]);
  });

  test('what was told is not learned: it is told again the next day, and the day after', () => {
    const run = start();
    officeDays(run, 4);
    for (let n = 4; n < 10; n++)
      for (let part = 0; part < 60; part++) run.see(upload(n * day + part * 60_000 + hour, 1e6, 0));
    expect(run.findings).toHaveLength(6);
  });

  test('slowly, over a day', () => {
    const run = start();
    officeDays(run, 4, 1e5);
    for (let part = 0; part < 24; part++) run.see(upload(4 * day + (part + 1) * hour - 1, 1.5e6, 1000));
    expect(run.findings).toHaveLength(1);
    expect(run.findings[0]!.title).toContain('within 24 hours');
  });
});

describe('the backstop', () => {
  test('holds from the first minute, for one place', () => {
    const run = start();
    for (let part = 0; part < 11; part++) run.see(upload(part * 1000, 10e6, 1e5));
    expect(run.findings.map(({ severity, title }) => [severity, title])).toEqual([
      ['medium', `Exfiltration: ${office} uploaded 100 MB to ${outside} within 24 hours`],
    ]);
  });

  test('and for many together', () => {
    const run = start();
    for (let part = 0; part < 60; part++) run.see(upload(part * 1000, 2e6, 1e4, {}, `203.0.113.${part + 1}`));
    expect(run.findings).toHaveLength(1);
    expect(run.findings[0]!.title).toContain('to many places');
  });

  test('is told again in the same day only when it has grown tenfold', () => {
    const run = start();
    for (let part = 0; part < 1000; part++) run.see(upload(part * 1000, 2e6, 0));
    expect(run.findings).toHaveLength(2);
    expect(run.findings[1]!.fingerprint).toBe(run.findings[0]!.fingerprint);
  });

  test('is an option', () => {
    const run = start({ backstopBytes: 1e9 });
    for (let part = 0; part < 90; part++) run.see(upload(part * 1000, 10e6, 1e5));
    expect(run.findings).toEqual([]);
  });
});

describe('no exfiltration', () => {
  test('is a download with its acknowledgements, nor a call', () => {
    const run = start();
    run.see(upload(1000, 120e6, 5e9));
    run.see(upload(2000, 300e6, 280e6));
    expect(run.findings).toEqual([]);
  });

  test('goes to a declared place, inside, or came from outside', () => {
    const run = start();
    run.see(named(upload(1000, 5e9, 0), 'office', 'backup'));
    run.see(upload(1000, 5e9, 0, {}, '10.9.9.9'));
    run.see({ ...flowOf('198.51.100.9', outside, 443), seenBy: 'network', sent: { packets: 1, bytes: 5e9 } });
    run.see(upload(1000, 5e9, 0, { seenBy: 'destination' }));
    expect(run.findings).toEqual([]);
  });

  test('a flow counts once: what awaits its counts does so when they come, and parts by what each counted', () => {
    const run = start();
    const awaited = upload(1000, 60e6, 0, { awaitsCounts: true });
    run.see(awaited);
    run.findings.push(...run.detector.onFlow!({ ...awaited, awaitsCounts: false }, 'counted'));
    expect(run.findings).toEqual([]);
    for (let part = 1; part <= 3; part++)
      run.see(upload(part * 60_000, 15e6, 0, { part, endReason: 'active', state: 'established' }));
    expect(run.findings).toHaveLength(1);
    expect(run.findings[0]!.title).toContain('105 MB');
  });
});

test('a flood of small uploads does not push out one that sent much, and memory is what the doc says', () => {
  const run = start({ maxPairs: 256, maxSources: 64 });
  run.see(upload(1000, 60e6, 0));
  for (let n = 0; n < 20_000; n++) {
    const from = `10.${n >> 12}.${(n >> 4) & 255}.${n & 15}`;
    run.see({
      ...upload(2000 + n, 900, 0, {}, `203.0.113.${n % 250}`),
      source: flowOf(from, outside, 1).source,
    });
  }
  run.see(upload(30_000, 60e6, 0));
  expect(run.findings).toHaveLength(1);
  expect(run.detector.evicted()).toBeGreaterThan(30_000);
  expect(run.detector.stateBytes()).toBeLessThan(256 * 1050 + 64 * 1100);
});
