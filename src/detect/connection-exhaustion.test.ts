import { describe, expect, test } from 'vitest';
import type { Flow } from '../flow/flow.ts';
import { connectionExhaustion } from './connection-exhaustion.ts';
import type { Finding } from './detector.ts';
import { flowOf, named } from './flow.fixture.ts';
import { give } from './recorded.fixture.ts';

const minute = 60_000;
const attacker = '198.51.100.66';
const service = '10.0.0.80';

function start(settings: object = {}) {
  const detector = connectionExhaustion.create(connectionExhaustion.options.parse(settings));
  const findings: Finding[] = [];
  const run = {
    detector,
    findings,
    now: 0,
    see: (flow: Flow) => findings.push(...give(detector, flow)),
    open: (from: string) =>
      findings.push(
        ...detector.onFlow!(
          flowOf(from, service, 443, { state: 'established', seenBy: 'destination', openedAt: run.now }),
          'decided',
        ),
      ),
    close: (from: string) =>
      findings.push(
        ...detector.onFlow!(
          flowOf(from, service, 443, {
            state: 'closed',
            seenBy: 'destination',
            closedAt: run.now,
            awaitsCounts: true,
          }),
          'closed',
        ),
      ),
    wait(minutes: number) {
      for (const end = run.now + minutes * minute; run.now < end; ) {
        run.now += 1000;
        findings.push(...detector.onTick!(run.now));
      }
    },
    /** Minutes in each of which so many connections of a source end that lasted for a time. */
    ended(minutes: number, count: number, lastedMs: number, changes: Partial<Flow> = {}, from = attacker) {
      for (let n = 0; n < minutes; n++) {
        for (let one = 0; one < count; one++)
          run.see(
            flowOf(from, service, 443, {
              state: 'closed',
              seenBy: 'network',
              openedAt: run.now - lastedMs,
              closedAt: run.now,
              sent: { packets: 20, bytes: 900 },
              received: { packets: 20, bytes: 800 },
              ...changes,
            }),
          );
        run.wait(1);
      }
    },
  };
  detector.onTick!(0);
  return run;
}

describe('connections that are told as they open and close', () => {
  test('and that one source holds, are told in the second minute', () => {
    const run = start();
    for (let n = 0; n < 400; n++) run.open(attacker);
    run.wait(1);
    expect(run.findings).toEqual([]);
    run.wait(9);
    expect(run.findings).toHaveLength(1);
    expect(run.findings[0]).toMatchObject({
      entity: service,
      severity: 'high',
      title: `Connections held: one source holds 400 connections of ${service}:443`,
    });
    expect(run.findings[0]!.explanation).toContain('Usual are fewer than 300. They are open now.');
  });

  test('are not when they are closed again, declared, or used', () => {
    const run = start();
    for (let n = 0; n < 4000; n++) {
      run.open(attacker);
      run.close(attacker);
      run.findings.push(
        ...run.detector.onFlow!(
          named(flowOf(attacker, service, 443, { state: 'established' }), 'proxy', 'shop'),
          'decided',
        ),
      );
    }
    run.wait(5);
    const used = start();
    for (let n = 0; n < 400; n++) used.open(attacker);
    for (let n = 0; n < 5; n++) {
      const part = { part: n + 1, state: 'established', sent: { packets: 5000, bytes: 5e6 } } as const;
      used.detector.onFlow!(flowOf(attacker, service, 443, { ...part, openedAt: used.now }), 'part');
      used.wait(1);
    }
    expect([...run.findings, ...used.findings]).toEqual([]);
  });
});

describe('connections that are told when they are over', () => {
  test('are counted by how long they lasted', () => {
    const run = start();
    // 200 a minute that last 2 minutes each: 400 at one time.
    run.ended(8, 200, 2 * minute);
    expect(run.findings).toHaveLength(1);
    expect(run.findings[0]!.explanation).toContain('By Little');
    expect(run.findings[0]!.flows).toHaveLength(1);
  });

  test('half open ones too', () => {
    const run = start();
    run.ended(8, 350, minute, { state: 'timed-out', sent: { packets: 1, bytes: 60 } });
    expect(run.findings).toHaveLength(1);
  });

  test('not short ones, nor such as move something, and a long one is one', () => {
    const run = start();
    run.ended(8, 2000, 15_000);
    run.ended(8, 350, minute, { received: { packets: 2000, bytes: 2e6 } });
    run.ended(8, 20, 500 * minute);
    expect(run.findings).toEqual([]);
  });
});

test('a few sources together are told, the same from many is not', () => {
  const few = start();
  for (let n = 0; n < 400; n++) few.open(`198.51.100.${n % 6}`);
  few.wait(3);
  expect(few.findings[0]!.title).toContain('6 sources hold 400 connections');
  const many = start();
  for (let n = 0; n < 400; n++) many.open(`198.51.100.${n % 30}`);
  many.wait(3);
  expect(many.findings).toEqual([]);
});

test('what is held at all times is learned, and then less than three times the least is told', () => {
  const run = start();
  for (let n = 0; n < 200; n++) run.open('10.0.0.1');
  run.wait(1600);
  expect(run.findings).toEqual([]);
  for (let n = 0; n < 80; n++) run.open(attacker);
  run.wait(3);
  expect(run.findings).toHaveLength(1);
  for (let n = 0; n < 80; n++) run.close(attacker);
  run.wait(10);
  for (let n = 0; n < 80; n++) run.open(attacker);
  run.wait(3);
  expect(run.findings).toHaveLength(2);
});

test('a flood of services and of sources pushes out nobody who holds many, and memory is what the doc says', () => {
  const run = start({ maxServices: 64 });
  for (let n = 0; n < 400; n++) run.open(attacker);
  for (let n = 0; n < 2000; n++) {
    const from = `198.18.${n >> 8}.${n & 255}`;
    run.open(from);
    run.close(from);
  }
  run.wait(1);
  for (let n = 0; n < 20_000; n++)
    run.see(
      flowOf('203.0.113.1', service, n + 1000, { state: 'closed', openedAt: run.now, closedAt: run.now }),
    );
  run.wait(1);
  expect(run.findings).toHaveLength(1);
  expect(run.detector.evicted()).toBeGreaterThan(21_000);
  expect(run.detector.stateBytes()).toBeLessThan(64 * 1500 + 32 * 900 + 2200);
});
