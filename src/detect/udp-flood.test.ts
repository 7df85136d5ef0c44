import { describe, expect, test } from 'vitest';
import type { Flow } from '../flow/flow.ts';
import { ipv4 } from '../net/address.ts';
import type { Finding } from './detector.ts';
import { flowOf } from './flow.fixture.ts';
import { give } from './recorded.fixture.ts';
import { udpFlood } from './udp-flood.ts';

const victim = '10.0.0.9';
const far = '198.51.100.53';

interface Pour {
  readonly flows: number;
  readonly packets: number;
  readonly back?: number;
  readonly bytes?: number;
  readonly backBytes?: number;
  readonly port?: number;
  readonly isForged?: boolean;
  readonly change?: (flow: Flow) => Flow;
}

function start(settings: object = {}) {
  const detector = udpFlood.create(udpFlood.options.parse(settings));
  const findings: Finding[] = [];
  let now = 0;
  let number = 0;
  detector.onTick!(now);
  return {
    detector,
    findings,
    see: (flow: Flow) => findings.push(...give(detector, flow)),
    steps(count: number, pour: Pour) {
      const {
        flows,
        packets,
        back = 0,
        bytes = 500,
        backBytes = bytes,
        port = 40_000,
        isForged = true,
      } = pour;
      const { change = (flow: Flow) => flow } = pour;
      for (let n = 0; n < count; n++) {
        for (let one = 0; one < flows; one++) {
          const at = now + Math.floor((one / flows) * 9000);
          const flow = flowOf(far, victim, 5000, {
            protocol: 17,
            seenBy: 'network',
            state: 'closed',
            openedAt: at,
            closedAt: at,
            sent: { packets, bytes: packets * bytes },
            received: { packets: back, bytes: back * backBytes },
          });
          const address = isForged ? ipv4(0xc6120000 + (++number & 0x1ffff)) : flow.source.address;
          this.see(change({ ...flow, source: { address, port } }));
        }
        for (const end = now + 10_000; now < end; ) {
          now += 1000;
          findings.push(...detector.onTick!(now));
        }
      }
    },
  };
}

describe('a flood', () => {
  test('is told in the step in which it begins, and when it is over', () => {
    const run = start();
    run.steps(3, { flows: 6000, packets: 10 });
    expect(run.findings).toHaveLength(1);
    run.steps(10, { flows: 1, packets: 1 });
    expect(run.findings).toHaveLength(2);
    const [began, over] = run.findings;
    expect(began).toMatchObject({
      entity: victim,
      severity: 'high',
      title: `UDP flood: ${victim} is sent packets that it did not ask for`,
      techniques: [{ id: 'T1498.001' }],
    });
    expect(began!.explanation).toContain('60000 packets (30.0 MB)');
    expect(began!.explanation).toContain('Usual are fewer than 50000 packets in 10 s');
    expect(over!.explanation).toContain('it is over now');
    expect(over!.fingerprint).toBe(began!.fingerprint);
  });

  test('is smaller where the end is known: a camera that sends one way is usual, three times as much is not', () => {
    const run = start({ learnSteps: 720 });
    run.steps(800, { flows: 1, packets: 8000, isForged: false });
    expect(run.findings).toEqual([]);
    run.steps(2, { flows: 20, packets: 1200 });
    expect(run.findings).toHaveLength(1);
    expect(run.findings[0]!.evidence[1]!.expected).toMatch(/^fewer than 1\d{4} in 10 s$/);
  });

  test('of flows that lasted long counts with their share of a step', () => {
    const run = start();
    const change = (flow: Flow) => ({ ...flow, openedAt: flow.openedAt - 600_000 });
    run.steps(3, { flows: 100, packets: 6000, change });
    expect(run.findings).toEqual([]);
    run.steps(3, { flows: 1000, packets: 6000, change });
    expect(run.findings).toHaveLength(1);
  });
});

describe('amplification', () => {
  test('is told by the answers that nobody asked for, whichever end is taken for the one that was called', () => {
    const turned = (flow: Flow): Flow => ({
      ...flow,
      source: flow.destination,
      destination: flow.source,
      sent: flow.received!,
      received: flow.sent!,
    });
    for (const change of [(flow: Flow) => flow, turned]) {
      const run = start();
      run.steps(2, { flows: 300, packets: 5, port: 123, bytes: 468, change });
      expect(run.findings).toHaveLength(1);
      expect(run.findings[0]).toMatchObject({
        entity: victim,
        title: `UDP amplification: ${victim} is sent answers that it did not ask for`,
        techniques: [{ id: 'T1498.002' }],
      });
      expect(run.findings[0]!.explanation).toMatch(/by (29|30)\d servers of NTP \(123\); nothing was asked/);
    }
  });

  test('by a server of ours is told as such', () => {
    const run = start();
    const change = (flow: Flow): Flow => ({ ...flow, destination: { ...flow.destination, port: 11_211 } });
    run.steps(2, { flows: 300, packets: 5, back: 60, bytes: 60, backBytes: 1400, change });
    expect(run.findings).toHaveLength(1);
    expect(run.findings[0]!.title).toBe(`UDP amplifier: ${victim} is used to flood others`);
    expect(run.findings[0]!.explanation).toContain('280.0 bytes for each one asked');
  });
});

describe('no flood', () => {
  test('are answers that were asked for: DNS, a download over QUIC, a call', () => {
    const run = start();
    run.steps(5, { flows: 2000, packets: 1, back: 1, port: 53 });
    run.steps(5, { flows: 10, packets: 20_000, back: 2000, bytes: 1200, port: 443, isForged: false });
    run.steps(5, { flows: 100, packets: 1000, back: 900 });
    expect(run.findings).toEqual([]);
  });

  test('is what others are sent, other protocols, multicast, and little', () => {
    const run = start();
    const others = (address: string) => (flow: Flow) => ({
      ...flow,
      destination: flowOf(far, address, 5000).destination,
    });
    run.steps(3, { flows: 6000, packets: 10, change: others('203.0.113.8') });
    run.steps(3, { flows: 6000, packets: 10, change: others('239.1.1.1') });
    run.steps(3, { flows: 6000, packets: 10, change: (flow) => ({ ...flow, protocol: 6 }) });
    run.steps(30, { flows: 900, packets: 1 });
    run.steps(30, { flows: 90, packets: 5, port: 53 });
    expect(run.findings).toEqual([]);
  });
});

test('a flood over many ends pushes out none that is flooded already, and memory is what the doc says', () => {
  const run = start({ maxVictims: 128 });
  run.steps(1, { flows: 6000, packets: 10 });
  expect(run.findings).toHaveLength(1);
  const sent = { packets: 100, bytes: 5000 };
  for (let n = 0; n < 20_000; n++)
    run.see(
      flowOf(far, `10.1.${n >> 8}.${n & 255}`, 9, { protocol: 17, seenBy: 'network', closedAt: 2000, sent }),
    );
  run.steps(10, { flows: 1, packets: 1 });
  expect(run.findings).toHaveLength(2);
  expect(run.detector.evicted()).toBeGreaterThan(19_000);
  expect(run.detector.stateBytes()).toBeLessThan(128 * 1400 + 6000);
});
