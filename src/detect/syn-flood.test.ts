import { describe, expect, test } from 'vitest';
import type { Flow } from '../flow/flow.ts';
import { ipv4 } from '../net/address.ts';
import type { Finding } from './detector.ts';
import { flowOf } from './flow.fixture.ts';
import { synFlood } from './syn-flood.ts';

const victim = '203.0.113.9';
let number = 0;

function start(settings: object = {}) {
  const detector = synFlood.create(synFlood.options.parse(settings));
  const findings: Finding[] = [];
  let now = 0;
  return {
    detector,
    findings,
    see: (flow: Flow) => findings.push(...detector.onFlow!(flow, 'decided')),
    /** Ten seconds in which so many handshakes are completed and so many come to no end. */
    step(completed: number, open: number, changes: Partial<Flow> = {}) {
      const at = (n: number, of: number) => now + Math.floor((n / of) * 10_000);
      const from = () => ({ address: ipv4(0xc6120000 + (++number & 0xffff)), port: 4000 });
      const seen = { seenBy: 'network', source: from() } as const;
      for (let n = 0; n < completed; n++)
        this.see(
          flowOf('10.0.0.1', victim, 443, { ...seen, state: 'established', openedAt: at(n, completed) }),
        );
      for (let n = 0; n < open; n++) {
        const flow = {
          ...seen,
          source: from(),
          state: 'timed-out',
          openedAt: at(n, open),
          ...changes,
        } as const;
        this.see(flowOf('10.0.0.1', victim, 443, flow));
      }
      for (const end = now + 10_000; now < end; ) {
        now += 1000;
        findings.push(...detector.onTick!(now));
      }
    },
  };
}

describe('a flood', () => {
  test('is told in its second step, and when it is over, whatever its rate', () => {
    for (const rate of [200, 2000]) {
      const run = start();
      for (let n = 0; n < 30; n++) run.step(100, 5);
      expect(run.findings).toEqual([]);
      run.step(100, rate);
      run.step(100, rate);
      expect(run.findings, `${rate} in 10 s`).toHaveLength(1);
      for (let n = 0; n < 100 && run.findings.length === 1; n++) run.step(100, 5);
      expect(run.findings).toHaveLength(2);
      const [began, over] = run.findings;
      expect(began).toMatchObject({
        entity: victim,
        severity: 'high',
        title: `SYN flood: ${victim}:443 is sent handshakes that come to no end`,
      });
      expect(began!.explanation).toContain('addresses are likely forged');
      expect(over!.explanation).toContain('it is over now');
      expect(over!.fingerprint).toBe(began!.fingerprint);
      expect(began!.flows).toHaveLength(4);
    }
  });

  test('of one source, which can be blocked', () => {
    const run = start();
    run.step(10, 0);
    const one = flowOf('198.51.100.7', victim, 443).source;
    for (let n = 0; n < 3; n++) run.step(10, 500, { source: one });
    expect(run.findings[0]!.explanation).toContain('Few sources send many each');
  });

  test('whose sources take the answers back, on a service that completes nothing', () => {
    const run = start();
    const received = { packets: 1, bytes: 40 };
    for (let n = 0; n < 3; n++) run.step(0, 500, { state: 'aborted', received });
    expect(run.findings).toHaveLength(1);
  });
});

describe('no flood', () => {
  test('is a busy service of which one handshake in four comes to no end', () => {
    const run = start();
    for (let n = 0; n < 100; n++) run.step(3000, 1000);
    expect(run.findings).toEqual([]);
  });

  test('is a quiet service of which no more than 35 in a step do', () => {
    const run = start();
    for (let n = 0; n < 100; n++) run.step(n === 0 ? 1 : 0, 35);
    expect(run.findings).toEqual([]);
  });

  test('is a service that has never answered anybody', () => {
    const run = start();
    for (let n = 0; n < 20; n++) run.step(0, 1000);
    expect(run.findings).toEqual([]);
  });

  test('are refusals, other protocols, and what our own programs gave up', () => {
    const run = start();
    for (let n = 0; n < 20; n++) {
      run.step(10, 1000, { state: 'refused' });
      run.step(10, 1000, { protocol: 17 });
      run.step(10, 1000, { state: 'aborted', seenBy: 'source' });
    }
    expect(run.findings).toEqual([]);
  });

  test('is a service that grows busier', () => {
    const run = start();
    for (let n = 1; n < 60; n++) run.step(50 * n, 10 * n);
    expect(run.findings).toEqual([]);
  });
});

test('a flood over many services pushes out none that is in a flood already, and memory is what the doc says', () => {
  const run = start({ maxServices: 128 });
  run.step(10, 500);
  run.step(10, 500);
  expect(run.findings).toHaveLength(1);
  for (let n = 0; n < 20_000; n++)
    run.see(flowOf('198.18.0.1', `198.51.100.${n % 250}`, n, { state: 'timed-out', seenBy: 'network' }));
  for (let n = 0; n < 60 && run.findings.length === 1; n++) run.step(10, 0);
  expect(run.findings).toHaveLength(2);
  expect(run.detector.evicted()).toBeGreaterThan(19_000);
  expect(run.detector.stateBytes()).toBeLessThan(128 * 1400);
});
