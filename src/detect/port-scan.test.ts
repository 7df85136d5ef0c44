import { describe, expect, test } from 'vitest';
import type { Flow } from '../flow/flow.ts';
import type { Finding } from './detector.ts';
import { flowOf, named } from './flow.fixture.ts';
import { portScan } from './port-scan.ts';
import { walkOf } from './random-walk.ts';

const scanner = '198.51.100.7';
const victim = '203.0.113.9';

function start(settings: object = {}) {
  const detector = portScan.create(portScan.options.parse(settings));
  const findings: Finding[] = [];
  return {
    detector,
    findings,
    see: (flow: Flow) => findings.push(...detector.onFlow!(flow, 'decided')),
    tick: (now: number) => findings.push(...detector.onTick!(now)),
  };
}

const open = { state: 'established', establishedAt: 1000 } as const;

test('the steps are those of the paper: four failures more than successes decide', () => {
  const walk = walkOf({ benignSuccess: 0.8, scannerSuccess: 0.2, detection: 0.99, falseAlarm: 0.01 });
  expect(walk.failure).toBeCloseTo(Math.log(4), 12);
  expect(walk.success).toBeCloseTo(-Math.log(4), 12);
  expect(walk.threshold).toBeCloseTo(Math.log(99), 12);
});

describe('a scan', () => {
  test('is told at the fourth failed first contact, tenfold, and when it is over: one fingerprint', () => {
    const { see, tick, findings } = start();
    for (let port = 1; port <= 3; port++) see(flowOf(scanner, victim, port));
    expect(findings).toEqual([]);
    for (let port = 4; port <= 200; port++) see(flowOf(scanner, victim, port));
    expect(findings).toHaveLength(2);
    tick(2000);
    expect(findings).toHaveLength(2);
    for (let now = 3000; now < 60_000; now += 1000) tick(now);
    expect(findings).toHaveLength(3);
    expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(1);
    const last = findings[2]!;
    expect(last).toMatchObject({ entity: scanner, severity: 'medium' });
    expect(last.title).toMatch(
      /^Port scan: 198\.51\.100\.7 tried (19[5-9]|20[0-5]) ports of 203\.0\.113\.9$/,
    );
    expect(last.techniques.map(({ id }) => id)).toEqual(['T1046']);
    expect(last.flows).toHaveLength(8);
    const evidence = Object.fromEntries(last.evidence.map(({ name, value }) => [name, value]));
    expect(evidence['ports tried']).toMatch(/^1-128 and (6[7-9]|7[0-7]) more$/);
    expect(evidence.targets).toBe(victim);
    expect(evidence.kind).toBe('vertical');
  });

  test('of 1000 ports in any order, open ones among them, is one alert that names how many', () => {
    const { see, tick, findings } = start();
    const ports = Array.from({ length: 1000 }, (_, n) => ((n * 7919) % 1000) + 1);
    for (const port of ports) see(flowOf(scanner, victim, port, [80, 443, 808].includes(port) ? open : {}));
    tick(10_000);
    expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(1);
    expect(findings.length).toBeLessThanOrEqual(4);
    expect(findings.at(-1)!.explanation).toMatch(/tried (9[5-9]\d|10[0-4]\d) ports on 1 host/);
    expect(findings.at(-1)!.explanation).toMatch(/found [1-3] open ports?/);
  });

  test('over hosts is horizontal, and its process is named when it runs here', () => {
    const { see, findings } = start();
    for (let host = 1; host <= 6; host++) {
      const flow = named(
        flowOf(scanner, `203.0.113.${host}`, 445, { state: 'timed-out' }),
        'shop/guest',
        `h${host}`,
      );
      see({ ...flow, source: { ...flow.source, process: { pid: 9, comm: 'nmap' } } });
    }
    expect(findings[0]).toMatchObject({
      severity: 'high',
      entity: 'shop/guest',
      title: 'Port scan: shop/guest tried port 445 of 4 hosts',
    });
    expect(findings[0]!.explanation).toContain('nmap[9]');
    expect(findings[0]!.techniques.map(({ id }) => id)).toEqual(['T1046', 'T1018']);
  });

  test('with as many successes is found by the fan-out', () => {
    const { see, findings } = start();
    for (let port = 1; port <= 40; port++) see(flowOf(scanner, victim, port, port % 2 ? {} : open));
    expect(findings).toHaveLength(1);
    expect(findings[0]!.explanation).toContain('no benign source fails at 15 ports of one host');
  });

  test('slower than the fan-out window, with as many successes, is not found; alone it is', () => {
    const slow = start();
    const alone = start();
    for (let n = 0; n < 40; n++) {
      const time = { openedAt: n * 60_000, establishedAt: n * 60_000 };
      slow.see(flowOf(scanner, victim, n + 1, n % 2 ? time : { ...open, ...time }));
      if (n % 2) alone.see(flowOf(scanner, victim, n + 1, { openedAt: n * 60_000 }));
    }
    expect(slow.findings).toEqual([]);
    expect(alone.findings.length).toBeGreaterThan(0);
  });
});

describe('silence where nobody need answer', () => {
  const udp = (state: Flow['state']) => ({ protocol: 17, state }) as const;

  test('of one service at many servers, slowly, is no scan; within the window it is', () => {
    const slow = start();
    const fast = start();
    for (let n = 0; n < 60; n++) {
      slow.see(flowOf(scanner, `203.0.113.${n}`, 123, { ...udp('unanswered'), openedAt: n * 60_000 }));
      fast.see(flowOf(scanner, `203.0.113.${n}`, 123, { ...udp('unanswered'), openedAt: n * 1000 }));
    }
    expect(slow.findings).toEqual([]);
    expect(fast.findings).toHaveLength(1);
    expect(fast.findings[0]!.explanation).toContain('25 in protocols that need none');
  });

  test('of six services is no scan, of seven it is', () => {
    const { see, findings } = start();
    for (let port = 1; port <= 6; port++) see(flowOf(scanner, victim, port, udp('unanswered')));
    expect(findings).toEqual([]);
    see(flowOf(scanner, victim, 7, udp('unanswered')));
    expect(findings).toHaveLength(1);
  });

  test('a UDP port that is refused counts in full', () => {
    const { see, findings } = start();
    for (let port = 1; port <= 4; port++) see(flowOf(scanner, victim, port, udp('refused')));
    expect(findings).toHaveLength(1);
  });
});

test('handshakes that were open when a capture ended count half; those that were pushed out or that others tell say nothing', () => {
  const cut = start();
  const pushed = start();
  const told = start();
  for (let port = 1; port <= 7; port++) {
    const flow = flowOf(scanner, victim, port, { state: 'attempted', observation: { by: 'capture' } });
    const exported: Flow = { ...flow, endReason: 'forced', observation: { by: 'ipfix' } };
    told.findings.push(...told.detector.onFlow!(exported, 'closed'));
    cut.findings.push(...cut.detector.onFlow!({ ...flow, endReason: 'forced' }, 'closed'));
    pushed.findings.push(...pushed.detector.onFlow!({ ...flow, endReason: 'no-room' }, 'closed'));
    expect(cut.findings).toHaveLength(port < 7 ? 0 : 1);
  }
  expect(cut.findings[0]!.explanation).toContain('7 without one when the watch ended');
  expect([...pushed.findings, ...told.findings]).toEqual([]);
});

test('a scanner that begins again after a pause is told of once more, with what it does now', () => {
  const { see, tick, findings } = start();
  for (let port = 1; port <= 30; port++) see(flowOf(scanner, victim, port));
  tick(10_000);
  const before = findings.length;
  const late = { openedAt: 1_000_000 };
  for (let port = 1; port <= 14; port++) see(flowOf(scanner, '203.0.113.77', port, late));
  tick(1_010_000);
  expect(findings).toHaveLength(before);
  see(flowOf(scanner, '203.0.113.77', 15, { openedAt: 1_020_000 }));
  expect(findings).toHaveLength(before + 1);
  expect(findings.at(-1)!.title).toBe(`Port scan: ${scanner} tried 15 ports of 203.0.113.77`);
  expect(findings.at(-1)!.explanation).toContain('It had scanned before: 45 first contacts failed in all.');
});

describe('what is no scan', () => {
  test('200 connections to three open ports', () => {
    const { see, tick, findings } = start();
    for (let n = 0; n < 200; n++) see(flowOf(scanner, victim, [80, 443, 8080][n % 3]!, open));
    tick(60_000);
    expect(findings).toEqual([]);
  });

  test('one dead service that is tried again and again', () => {
    const { see, findings } = start();
    for (let n = 0; n < 5000; n++) see(flowOf(scanner, victim, 5432, { openedAt: n * 100 }));
    expect(findings).toEqual([]);
  });

  test('a client of many services of which one in five is down', () => {
    const { see, findings } = start();
    for (let n = 0; n < 60; n++) {
      see(
        flowOf(scanner, `203.0.113.${n}`, 443, {
          openedAt: n * 30_000,
          ...(n % 5 ? { ...open, establishedAt: n * 30_000 } : {}),
        }),
      );
    }
    expect(findings).toEqual([]);
  });

  test('a failure a day', () => {
    const { see, findings } = start();
    for (let n = 0; n < 50; n++) see(flowOf(scanner, victim, n + 1, { openedAt: n * 86_400_000 }));
    expect(findings).toEqual([]);
  });

  test('attempts that were given up at once, and flows that are not decided', () => {
    const { detector, see, findings } = start();
    for (let n = 1; n < 50; n++) {
      see(flowOf(scanner, victim, n, { state: 'aborted' }));
      findings.push(...detector.onFlow!(flowOf(scanner, victim, n), 'attempted'));
      findings.push(...detector.onFlow!(flowOf(scanner, victim, n), 'closed'));
    }
    expect(findings).toEqual([]);
  });

  test('one flow that is decided twice, unanswered and then timed out, counts once', () => {
    const { see, findings } = start();
    for (let port = 1; port <= 3; port++) {
      const flow = flowOf(scanner, victim, port, { state: 'unanswered' });
      see(flow);
      see({ ...flow, state: 'timed-out' });
    }
    expect(findings).toEqual([]);
  });
});

test('in a flood of forged sources a slow scanner is not forgotten, and the table stays bounded', () => {
  const { detector, see, findings } = start({ maxSources: 256 });
  for (let port = 1; port <= 3; port++) see(flowOf(scanner, victim, port));
  for (let n = 0; n < 50_000; n++) see(flowOf(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, victim, 80));
  expect(detector.evicted()).toBe(50_000 + 1 - 256);
  expect(detector.stateBytes()).toBeLessThan(256 * 2500);
  expect(findings).toEqual([]);
  see(flowOf(scanner, victim, 4));
  expect(findings).toHaveLength(1);
});

test('scanners of very many places cost what the doc says, and a flood of them lets a new one be found', () => {
  const { detector, see, findings } = start({ maxSources: 64 });
  for (let n = 0; n < 200; n++) {
    for (let port = 1; port <= 150; port++) see(flowOf(`10.0.0.${n}`, `203.0.113.${port}`, port));
  }
  expect(detector.stateBytes()).toBeLessThan(64 * 21_000);
  expect(detector.stateBytes()).toBeGreaterThan(48 * 19_000);
  expect(detector.evicted()).toBe(200 - 64);
  expect(new Set(findings.map(({ entity }) => entity)).size).toBe(200);
});
