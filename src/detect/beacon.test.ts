import { describe, expect, test } from 'vitest';
import { finish, mix } from '../flow/chained-index.ts';
import type { Flow } from '../flow/flow.ts';
import { beacon } from './beacon.ts';
import type { Finding } from './detector.ts';
import { flowOf } from './flow.fixture.ts';
import { AlertFolder } from './fold.ts';

const host = '10.0.0.5';
const server = '198.51.100.7';
const minute = 60_000;
const hour = 60 * minute;

/** The detector, which tells of a pair once a day unless `settings` say otherwise. */
function start(settings: object = {}) {
  const detector = beacon.create(beacon.options.parse({ repeatMs: 24 * hour, ...settings }));
  const findings: Finding[] = [];
  return {
    detector,
    findings,
    see: (flow: Flow) => {
      findings.push(...detector.onFlow!({ ...flow, state: 'established' }, 'decided'));
      findings.push(...detector.onFlow!(flow, 'closed'));
    },
  };
}

function call(at: number, bytes: number | undefined, changes: Partial<Flow> = {}): Flow {
  return flowOf(host, server, 443, {
    state: 'closed',
    openedAt: at,
    closedAt: at + 500,
    ...(bytes !== undefined && { sent: { packets: 5, bytes } }),
    ...changes,
  });
}

/** A number between 0 and 1 that is the same each time. */
function noise(n: number): number {
  return (finish(mix(7, n)) >>> 0) / 2 ** 32;
}

describe('a beacon', () => {
  test('every 5 minutes with a sixth of jitter is told within a day, once, with its numbers', () => {
    const { see, findings } = start();
    for (let n = 0; n < 288; n++) see(call(n * 5 * minute + noise(n) * 50_000, 300));
    expect(findings).toHaveLength(1);
    const { title, evidence, techniques, at, entity } = findings[0]!;
    expect(title).toMatch(/^Beacon: 10\.0\.0\.5 calls 198\.51\.100\.7:443 about every 5\.\d min$/);
    expect(entity).toBe(host);
    expect(at).toBeLessThan(24 * hour);
    expect(at).toBeGreaterThan(12 * hour);
    expect(techniques.map(({ id }) => id)).toEqual(['T1071.001']);
    expect(evidence.map(({ name }) => name)).toEqual([
      'source',
      'destination',
      'score',
      'intervals',
      'bytes sent',
      'duration',
      'evenness over the hours',
    ]);
  });

  test('is found without bytes too, and on another port it is another technique', () => {
    const { see, findings } = start();
    for (let n = 0; n < 288; n++)
      see(call(n * 5 * minute, undefined, { destination: { ...call(0, 0).destination, port: 4444 } }));
    expect(findings).toHaveLength(1);
    expect(findings[0]!.explanation).toContain('Nobody counted its bytes');
    expect(findings[0]!.techniques.map(({ id }) => id)).toEqual(['T1571']);
  });

  test('that goes on is told again each day', () => {
    const { see, findings } = start();
    for (let n = 0; n < 3 * 288; n++) see(call(n * 5 * minute, 300));
    expect(findings).toHaveLength(3);
    expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  });

  test('is one alert for as long as it goes on, and another after a day of silence', () => {
    const { see, findings } = start({ repeatMs: undefined });
    for (let n = 0; n < 3 * 288; n++) see(call(n * 5 * minute, 300));
    const lastAt = findings.at(-1)!.at;
    expect(lastAt).toBeGreaterThan(3 * 24 * hour - 20 * minute);
    for (let n = 0; n < 288; n++) see(call(100 * hour + n * 5 * minute, 300));
    const folder = new AlertFolder({ newId: () => 'id', lostBetween: () => 0 });
    const folded = findings.map((finding) => folder.fold(finding));
    const alerts = folded.filter(({ isNew }) => isNew);
    expect(alerts.map(({ alert }) => alert.firstAt > lastAt)).toEqual([false, true]);
    expect(folded.find(({ alert }) => alert.lastAt === lastAt)?.alert.count).toBeGreaterThan(200);
  });

  test('whose records come out of order is the same', () => {
    const { see, findings } = start();
    for (let n = 0; n < 288; n++) see(call((n ^ 1) * 5 * minute, 300));
    expect(findings).toHaveLength(1);
  });
});

describe('what is no beacon', () => {
  test('calls at any time, of any size', () => {
    const { see, findings } = start();
    let at = 0;
    for (let n = 0; n < 500; n++) {
      at += -Math.log(1 - noise(n)) * 5 * minute;
      see(call(at, 200 + noise(n + 9999) * 5000));
    }
    expect(findings).toEqual([]);
  });

  test('once an hour; many calls within two hours', () => {
    const { see, findings } = start();
    for (let n = 0; n < 72; n++) see(call(n * hour, 300));
    for (let n = 0; n < 240; n++)
      see(call(n * 30_000, 300, { destination: { ...call(0, 0).destination, port: 80 } }));
    expect(findings).toEqual([]);
  });

  test('what failed, parts of one long connection, and an end without counts that come yet', () => {
    const { detector, see, findings } = start();
    for (let n = 0; n < 288; n++) {
      const at = n * 5 * minute;
      see(call(at, 300, { state: 'timed-out' }));
      findings.push(...detector.onFlow!(call(at, 300, { part: n + 2 }), 'part'));
      findings.push(...detector.onFlow!(call(at, undefined, { awaitsCounts: true }), 'closed'));
    }
    expect(findings).toEqual([]);
    for (let n = 0; n < 288; n++)
      findings.push(...detector.onFlow!(call((n + 288) * 5 * minute, 300), 'counted'));
    expect(findings).toHaveLength(1);
  });
});

test('a flood of pairs does not push out the one that was called often, and memory is what the doc says', () => {
  const { detector, see, findings } = start({ maxPairs: 512 });
  let other = 0;
  for (let n = 0; n < 288; n++) {
    see(call(n * 5 * minute, 300));
    for (let k = 0; k < 100; k++) {
      const to = `198.51.100.${++other % 251}`;
      see({ ...flowOf(`10.1.${(other >> 8) & 255}.${other & 255}`, to, other & 0xffff), state: 'closed' });
    }
  }
  expect(findings.map(({ entity }) => entity)).toEqual([host]);
  expect(detector.evicted()).toBeGreaterThan(20_000);
  expect(detector.stateBytes()).toBeLessThan(512 * 3600);
});

test('pairs with as many connections as are kept cost no more than the doc says', () => {
  const { detector, see } = start({ maxPairs: 64 });
  for (let pair = 0; pair < 64; pair++) {
    for (let n = 0; n < 200; n++)
      see({ ...call(n * minute, 300), source: flowOf(`10.2.0.${pair}`, server, 1).source });
  }
  expect(detector.stateBytes()).toBeLessThan(64 * 3720);
  expect(detector.stateBytes()).toBeGreaterThan(64 * 3000);
});

test('a connection that stays open and is told anew after each silence is no beacon', () => {
  const { see, findings } = start();
  for (let n = 0; n < 288; n++) see(call(n * 5 * minute, 300, { preexisting: n > 0 }));
  expect(findings).toEqual([]);
});

test('what began at noon is told after half a day, as what began at midnight', () => {
  const { see, findings } = start();
  for (let n = 0; n < 150; n++) see(call(12 * hour + n * 5 * minute, 300));
  expect(findings).toHaveLength(1);
  expect(findings[0]!.at).toBeLessThan(25 * hour);
});
