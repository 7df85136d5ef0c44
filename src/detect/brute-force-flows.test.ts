import { expect, test } from 'vitest';
import type { Flow } from '../flow/flow.ts';
import { bruteForceFlows } from './brute-force-flows.ts';
import type { Finding } from './detector.ts';
import { flowOf } from './flow.fixture.ts';
import { give } from './recorded.fixture.ts';

function start(settings: object = {}) {
  const detector = bruteForceFlows.create(bruteForceFlows.options.parse(settings));
  const findings: Finding[] = [];
  return { detector, findings, see: (flow: Flow) => findings.push(...give(detector, flow)) };
}

/** A session that ended at a time, of a duration and size. */
function session(
  at: number,
  bytes = 4000,
  changes: Partial<Flow> & { from?: string; port?: number; ms?: number } = {},
) {
  const { from = '203.0.113.7', port = 22, ms = 2000, ...more } = changes;
  return flowOf(from, '198.51.100.1', port, {
    state: 'closed',
    openedAt: at - ms,
    establishedAt: at - ms,
    closedAt: at,
    sent: { packets: 12, bytes: bytes / 2 },
    received: { packets: 12, bytes: bytes / 2 },
    ...more,
  });
}

test('short sessions of the same size, one after the other, are told', () => {
  const { see, findings } = start();
  for (let n = 0; n < 40; n++) see(session(n * 2000, 4000 + (n % 3) * 40));
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({
    entity: '203.0.113.7',
    severity: 'medium',
    title: '203.0.113.7 seems to guess passwords at port 22 of 198.51.100.1',
    at: 26_000,
  });
  expect(findings[0]!.explanation).toContain('had 14 short sessions');
  expect(findings[0]!.explanation).toContain('4040 bytes with a spread of 1 %');
});

test('slow guessing is told by its own measure', () => {
  const { see, findings } = start();
  for (let n = 0; n < 30; n++) see(session(n * 70_000, 4312));
  expect(findings.map(({ at }) => at / 70_000)).toEqual([20]);
  expect(findings[0]!.evidence).toContainEqual({
    name: 'short sessions',
    value: '21 within 1400 s',
    expected: 'at most 16 at once and one more each 300 s',
  });
});

test('of many sources at one service the first are told one by one, the others together, as they double', () => {
  const { see, findings } = start();
  for (let k = 0; k < 100; k++)
    for (let n = 0; n < 40; n++) see(session(k * 100_000 + n * 1000, 4000, { from: `198.18.0.${k}` }));
  expect(findings.slice(0, 8).map(({ entity }) => entity)).toEqual(
    Array.from({ length: 8 }, (_, k) => `198.18.0.${k}`),
  );
  expect(findings.slice(8).map(({ title }) => title.split(' seem')[0])).toEqual([
    '9 sources',
    '18 sources',
    '36 sources',
    '72 sources',
  ]);
  expect(new Set(findings.slice(8).map(({ fingerprint }) => fingerprint)).size).toBe(1);
});

test('a session after them that stays, or moves much, was let in', () => {
  for (const last of [
    { ms: 300_000, bytes: 90_000 },
    { ms: 3000, bytes: 50_000 },
  ]) {
    const { see, findings } = start();
    for (let n = 0; n < 20; n++) see(session(n * 1000));
    see(session(25_000 + last.ms, last.bytes, { ms: last.ms }));
    see(session(26_000 + last.ms, last.bytes, { ms: last.ms }));
    expect(findings.map(({ severity, title }) => [severity, title])).toEqual([
      ['medium', '203.0.113.7 seems to guess passwords at port 22 of 198.51.100.1'],
      ['high', '203.0.113.7 was let in at port 22 of 198.51.100.1 after it had guessed'],
    ]);
    expect(findings[1]!.explanation).toContain(`that took ${last.ms / 1000} s and ${last.bytes} bytes`);
  }
});

test('not told: sessions of all sizes, slow ones, other ports, what only knocks, and a long session alone', () => {
  const { see, findings } = start();
  for (let n = 0; n < 100; n++) {
    see(session(n * 1000, 3000 + ((n * 7919) % 9000), { from: '203.0.113.8' }));
    see(session(n * 301_000, 4000, { from: '203.0.113.9' }));
    see(session(n * 1000, 4000, { from: '203.0.113.10', port: 443 }));
    see(session(n * 1000, 4000, { from: '203.0.113.11', sent: { packets: 3, bytes: 180 } }));
    see(session(n * 1000, 4000, { from: '203.0.113.12', state: 'refused' }));
  }
  see(session(200_000, 5_000_000, { from: '203.0.113.13', ms: 100_000 }));
  expect(findings).toEqual([]);
});

test('counts that come after the end are waited for, and a session counts once', () => {
  const { detector } = start();
  const findings: Finding[] = [];
  for (let n = 0; n < 30; n++) {
    const whole = session(n * 1000);
    const { sent: _, received: __, ...uncounted } = whole;
    findings.push(...detector.onFlow!({ ...uncounted, awaitsCounts: true }, 'closed'));
    findings.push(...detector.onFlow!(whole, 'counted'));
  }
  expect(findings).toHaveLength(1);
  expect(findings[0]!.explanation).toContain('had 13 short sessions');
});

test('after a pause a pair is told of again', () => {
  const { see, findings } = start();
  for (let n = 0; n < 20; n++) see(session(n * 1000));
  for (let n = 0; n < 20; n++) see(session(700_000 + n * 1000));
  expect(findings).toHaveLength(2);
});

test('a flood of pairs does not push out who guesses, and memory is what the doc says', () => {
  const { detector, see, findings } = start({ maxPairs: 128 });
  for (let n = 0; n < 20; n++) {
    for (let k = 0; k < 2; k++) see(session(n * 1000));
    for (let k = 0; k < 500; k++) see(session(n * 1000, 4000, { from: `10.${n}.${k >> 8}.${k & 255}` }));
  }
  expect(findings.map(({ entity }) => entity)).toEqual(['203.0.113.7']);
  expect(detector.evicted()).toBe(10_001 - 128);
  for (let k = 0; k < 128; k++)
    for (let n = 0; n < 20; n++) see(session(100_000 + n * 100, 4000, { from: `172.16.0.${k}` }));
  expect(detector.stateBytes()).toBeLessThan(128 * 5000);
});
