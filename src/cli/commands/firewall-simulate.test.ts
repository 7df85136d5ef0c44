import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { captureOf, lengthOf } from '../../enforce/trial/frames.ts';
import type { WirePacket } from '../../firewall/machine/wire-packet.ts';
import { parseAddress } from '../../net/address.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-simulate-'));
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(
  join(folder, 'rules.v4'),
  `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p tcp --dport 22 -j ACCEPT
-A INPUT -m limit --limit 1/s -p udp -j ACCEPT
COMMIT
`,
);

const packet = (from: string, to: string, more: Partial<WirePacket>): WirePacket => {
  const [source, destination] = [parseAddress(from)!, parseAddress(to)!];
  const bare = { time: 0, family: 4, protocol: 6, source, destination, hopLimit: 64, ...more } as const;
  return { ...bare, length: lengthOf(bare) };
};
const [client, server] = ['203.0.113.7', '198.51.100.2'];
const segment = (flags: number, sequence: number, acknowledgement: number) => ({
  tcp: { flags, sequence, acknowledgement, window: 1000, payload: 0 },
});
const packets = [
  packet(client, server, { sourcePort: 4000, port: 22, ...segment(2, 100, 0) }),
  packet(server, client, { sourcePort: 22, port: 4000, ...segment(18, 500, 101) }),
  packet(client, server, { sourcePort: 4000, port: 22, ...segment(16, 101, 501) }),
  packet(client, server, { sourcePort: 4001, port: 80, ...segment(2, 1, 0) }),
  packet(client, server, { protocol: 17, sourcePort: 4000, port: 53 }),
];
writeFileSync(
  join(folder, 'some.pcap'),
  captureOf(packets.map((wire, number) => ({ wire, at: { number, port: 0 } }))),
);

async function simulate(...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram(['firewall', 'simulate', ...args], () => io);
  return { code, ...io.written };
}
const usual = [
  'rules.v4',
  '--pcap',
  'some.pcap',
  '--interface',
  'eth0=198.51.100.2/24',
  '--route',
  'default=eth0',
];

test('counts for every verdict and every rule', async () => {
  const { code, out, err } = await simulate(...usual);
  expect([code, err]).toEqual([ExitCode.clean, '']);
  expect(out).toMatchInlineSnapshot(`
    "5 packets: 2 delivered, 1 sent, 1 dropped, 1 not known; 2 connections at the end
      1 since it is not known whether the rule \`-A INPUT -m limit --limit 1/s -p udp -j ACCEPT\` matches

    PACKETS  TABLE      CHAIN   RULE                                                   AT
    1        ip filter  INPUT   -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT  rules.v4:5
    1        ip filter  INPUT   -A INPUT -p tcp --dport 22 -j ACCEPT                   rules.v4:6
    0 +1?    ip filter  INPUT   -A INPUT -m limit --limit 1/s -p udp -j ACCEPT         rules.v4:7
    2        ip filter  INPUT   (end) drop                                             rules.v4:2
    1        ip filter  OUTPUT  (end) accept                                           rules.v4:4
    "
  `);
});

test('the way of the first packets', async () => {
  const { out } = await simulate(...usual, '--trace', '3');
  expect(out.split('5 packets')[0]).toMatchInlineSnapshot(`
    "#1 tcp 203.0.113.7:4000 > 198.51.100.2:22, in by eth0, new: delivered
      TABLE      CHAIN  RULE                                  AT
      ip filter  INPUT  -A INPUT -p tcp --dport 22 -j ACCEPT  rules.v4:6

    #2 tcp 198.51.100.2:22 > 203.0.113.7:4000, from this machine, established: sent
      TABLE      CHAIN   RULE          AT
      ip filter  OUTPUT  (end) accept  rules.v4:4

    #3 tcp 203.0.113.7:4000 > 198.51.100.2:22, in by eth0, established: delivered
      TABLE      CHAIN  RULE                                                   AT
      ip filter  INPUT  -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT  rules.v4:5

    "
  `);
});

test('the same for programs', async () => {
  const { out } = await simulate(...usual, '--trace', '1', '-o', 'json');
  const result = JSON.parse(out);
  expect(result.outcomes).toEqual({ delivered: 2, forwarded: 0, sent: 1, dropped: 1, unknown: 1 });
  expect(result.rules[1]).toMatchObject({
    packets: 1,
    maybe: 0,
    step: { chain: 'INPUT', place: { line: 6 } },
  });
  expect(result.traced[0]).toMatchObject({ number: 1, state: 'NEW', outcome: 'delivered', port: 22 });
  expect(result.schemaVersion).toBe(1);
});

test('what is no capture is said', async () => {
  const { code, out } = await simulate(
    'rules.v4',
    '--pcap',
    'rules.v4',
    '--interface',
    'eth0=198.51.100.2/24',
  );
  expect(code).toBe(ExitCode.problems);
  expect(out).toContain('0 packets');
  expect(out).toContain('the capture: ');
});

test.each([
  [[], 'no packet filter named'],
  [['rules.v4'], 'no capture named'],
  [['rules.v4', '--pcap', 'some.pcap'], 'the machine has no interface'],
  [['rules.v4', '--pcap', 'some.pcap', '--interface', 'eth0'], 'is not name=address/length'],
  [['rules.v4', '--pcap', 'some.pcap', '--interface', 'eth0=1.2.3/8'], '1.2.3/8 is no address/length'],
  [
    ['rules.v4', '--pcap', 'some.pcap', '--interface', 'eth0=198.51.100.2/24', '--in', 'eth9'],
    'there is no such interface',
  ],
  [
    ['rules.v4', '--pcap', 'some.pcap', '--interface', 'eth0=198.51.100.2/24', '--route', 'default=eth9'],
    'there is no interface eth9',
  ],
  [
    ['rules.v4', '--pcap', 'some.pcap', '--interface', 'eth0=198.51.100.2/24', '--trace', 'x'],
    '--trace x is no number of packets',
  ],
] as const)('wrong use: %j', async (args, message) => {
  const { code, err } = await simulate(...args);
  expect(code).toBe(ExitCode.usage);
  expect(err).toContain(message);
});
