import { describe, expect, test } from 'vitest';
import { writePcap } from '../flow/capture/write-capture.fixture.ts';
import { CaptureFlows } from '../flow/capture-flows.ts';
import type { Flow } from '../flow/flow.ts';
import { parseAddress } from '../net/address.ts';
import type { Finding } from './detector.ts';
import { answerOf, questionOf } from './dns.fixture.ts';
import { flowOf } from './flow.fixture.ts';
import { day, hour } from './novelty.fixture.ts';
import { give } from './recorded.fixture.ts';
import { rogueServer } from './rogue-server.ts';

const address = (text: string) => parseAddress(text)!;

function watch(settings: object = {}) {
  const running = rogueServer.create(rogueServer.options.parse(settings));
  const findings: Finding[] = [];
  const take = (found: readonly Finding[]) => {
    for (const finding of found) running.onFinding!(finding);
    findings.push(...found);
  };
  const answer = (server: string, at: number, client = '10.0.0.5') =>
    take(running.onDns!(answerOf('a.example', 0, { server: address(server), client: address(client), at })));
  const offer = (server: string, at: number, changes: Partial<Flow> = {}) => {
    const flow = flowOf('255.255.255.255', server, 67, {
      protocol: 17,
      state: 'attempted',
      seenBy: 'network',
      openedAt: at,
      lastAt: at,
      sent: { packets: 0, bytes: 0 },
      received: { packets: 1, bytes: 328 },
      observation: { by: 'capture', input: 'eth0' },
      ...changes,
    });
    take(give(running, { ...flow, source: { ...flow.source, port: 68 } }));
  };
  return { running, findings, take, answer, offer };
}

describe('servers that are declared', () => {
  test('another one that answers is told, once an hour', () => {
    const { answer, findings } = watch({ dns: ['10.0.0.53/32', '10.0.1.0/24'] });
    for (const server of ['10.0.0.53', '10.0.1.9']) answer(server, 0);
    expect(findings).toEqual([]);
    for (let at = 0; at < 2 * hour; at += 1000) answer('10.0.0.66', at);
    answer('198.51.100.53', 5);
    expect(findings.map(({ title, severity, at }) => [title, severity, at])).toEqual([
      ['10.0.0.66 answers DNS and is no declared server of it', 'medium', 0],
      ['10.0.0.66 answers DNS and is no declared server of it', 'medium', hour],
      ['198.51.100.53 answers DNS and is no declared server of it', 'low', 5],
    ]);
    expect(findings[0]).toMatchObject({
      entity: '10.0.0.66',
      techniques: [{ id: 'T1557' }],
      evidence: [
        { name: 'server', value: '10.0.0.66', expected: '10.0.0.53/32, 10.0.1.0/24' },
        { name: 'client', value: '10.0.0.5' },
      ],
    });
    expect(findings[2]!.techniques.map(({ id }) => id)).toEqual(['T1071.004']);
  });

  test('what they ask of others is left out, and so are questions and strangers', () => {
    const { running, take, answer, findings } = watch({ dns: ['10.0.0.53/32'] });
    answer('198.51.100.1', 0, '10.0.0.53');
    answer('198.51.100.1', 0, '203.0.113.5');
    take(running.onDns!(questionOf('a.example', { server: address('198.51.100.1') })));
    expect(findings).toEqual([]);
  });

  test('an offer of DHCP by another one is told with the flow', () => {
    const { offer, findings } = watch({ dhcp: ['10.0.0.1/32'] });
    offer('10.0.0.1', 0);
    offer('10.0.0.66', 1);
    expect(findings).toMatchObject([
      {
        severity: 'high',
        entity: '10.0.0.66',
        title: '10.0.0.66 answers DHCP and is no declared server of it',
        techniques: [{ id: 'T1557.003' }],
        flows: [{ destination: { port: 67 } }],
      },
    ]);
  });
});

describe('servers that are learned', () => {
  test('of DNS, for each client', () => {
    const { answer, findings } = watch();
    for (let at = 0; at < 8 * day; at += hour) {
      answer('10.0.0.53', at);
      answer(`198.51.${(at / hour) % 250}.${Math.floor(at / hour / 250)}`, at, '10.0.0.2');
    }
    answer('10.0.0.66', 8 * day);
    answer('10.0.0.66', 8 * day + 1);
    answer('203.0.113.1', 8 * day, '10.0.0.2');
    expect(findings.map(({ title }) => title)).toEqual(['10.0.0.66 answers DNS for the first time']);
    expect(findings[0]!.explanation).toContain(
      '10.0.0.66 answered DNS of 10.0.0.5, which it never did before. In 8 days of learning it had 1 different servers;',
    );
  });

  test('of DHCP, for each link', () => {
    const { offer, findings } = watch();
    const wifi = { observation: { by: 'capture', input: 'wlan0' }, vlans: [7] };
    for (let at = 0; at < 8 * day; at += hour) {
      offer('10.0.0.1', at);
      offer('10.7.0.1', at, wifi);
    }
    offer('10.0.0.1', 8 * day, wifi);
    expect(findings.map(({ title, evidence }) => [title, evidence[1]!.value])).toEqual([
      ['10.0.0.1 answers DHCP for the first time', 'wlan0, VLAN 7'],
    ]);
  });

  test('a client that nobody answers, and relays, are no servers', () => {
    const { running, offer, take, findings } = watch({ dhcp: ['10.0.0.1/32'] });
    offer('255.255.255.255', 0, { received: { packets: 0, bytes: 0 }, sent: { packets: 4, bytes: 1200 } });
    const relayed = flowOf('10.0.0.2', '10.0.9.1', 67, {
      protocol: 17,
      received: { packets: 1, bytes: 1 },
      closedAt: 1,
    });
    take(give(running, { ...relayed, source: { ...relayed.source, port: 67 } }));
    expect(findings).toEqual([]);
  });
});

/** A frame of UDP in IPv4 or IPv6, without checksums, which the decoder does not ask for. */
function udpFrame(from: string, fromPort: number, to: string, toPort: number): Uint8Array {
  const [source, destination] = [address(from), address(to)];
  const is4 = source.family === 4;
  const payload = 240;
  const frame = new Uint8Array(14 + (is4 ? 20 : 40) + 8 + payload);
  const view = new DataView(frame.buffer);
  view.setUint16(12, is4 ? 0x0800 : 0x86dd);
  const lanes = ({ a, b, c, d }: typeof source) => (is4 ? [d] : [a, b, c, d]);
  if (is4) {
    view.setUint8(14, 0x45);
    view.setUint16(16, 28 + payload);
    view.setUint8(22, 64);
    view.setUint8(23, 17);
  } else {
    view.setUint8(14, 0x60);
    view.setUint16(18, 8 + payload);
    view.setUint8(20, 17);
    view.setUint8(21, 64);
  }
  let at = is4 ? 26 : 22;
  for (const lane of [...lanes(source), ...lanes(destination)]) {
    view.setUint32(at, lane);
    at += 4;
  }
  view.setUint16(at, fromPort);
  view.setUint16(at + 2, toPort);
  view.setUint16(at + 4, 8 + payload);
  return frame;
}

test('offers as they come in packets: the server is found in both versions, whichever way the flow points', () => {
  const { running, take, findings } = watch({ dhcp: ['192.0.2.1/32'] });
  const frames = [
    udpFrame('0.0.0.0', 68, '255.255.255.255', 67),
    udpFrame('10.0.0.66', 67, '255.255.255.255', 68),
    udpFrame('10.0.0.67', 67, '10.0.0.9', 68),
    udpFrame('fe80::9', 546, 'ff02::1:2', 547),
    udpFrame('fe80::66', 547, 'fe80::9', 546),
  ];
  const capture = new CaptureFlows(
    { flowId: String, activeMs: 0, observation: { by: 'capture' } },
    { ended: (table, slot) => take(give(running, table.flow(slot))) },
  );
  capture.push(writePcap(frames.map((bytes, n) => ({ seconds: 1000 + n, bytes }))));
  capture.end();
  expect(findings.map(({ entity }) => entity).sort()).toEqual(['10.0.0.66', '10.0.0.67', 'fe80::66']);
});

test('a flood of servers and clients is bounded and counted', () => {
  for (const settings of [{}, { dns: ['10.0.0.53/32'] }]) {
    const { running, answer } = watch(settings);
    for (let n = 0; n < 50_000; n++)
      answer(`198.18.${(n >> 8) & 255}.${n & 255}`, n, `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    expect(running.stateBytes()).toBeLessThan(4_500_000);
    expect(running.evicted()).toBeGreaterThan(10_000);
  }
});
