import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forms, randomRules } from '../machine/random-rules.fixture.ts';
import { randomFrom } from '../machine/traffic.fixture.ts';
import type { Packet } from '../packet.ts';
import { address, commandLists, rulesetOf } from '../rules.fixture.ts';
import type { Ruleset } from '../ruleset.ts';
import { judgePacket } from '../simulate.ts';
import { Classifier, Outcome } from './classifier.ts';
import { PacketColumns, states, ways } from './packet-columns.ts';

const interfaces = ['eth0', 'eth1', 'wg0', 'lo'];
const hosts = {
  4: [
    '198.51.100.0',
    '198.51.100.1',
    '198.51.100.9',
    '198.51.101.0',
    '203.0.113.9',
    '198.18.0.5',
    '198.18.7.2',
    '198.18.7.9',
    '198.19.16.2',
    '198.19.16.3',
    '0.0.0.0',
    '255.255.255.255',
  ],
  6: [
    '2001:db8:f00::2',
    '2001:db8:f01::2',
    '2001:db8:f01::f',
    '2001:db8:200::2',
    '2001:db8:200::3',
    '2001:db8:201::9',
    '::1',
  ],
};
const addresses = { 4: hosts[4].map(address), 6: hosts[6].map(address) };
const ports = [0, 22, 53, 79, 80, 81, 443, 1023, 1024, 7000, 7001, 7002, 7003, 7004, 8080, 30_000, 65_535];

/** Returns packets of all kinds, the same for the same seed. */
function packetsOf(seed: number, count: number): Packet[] {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  return Array.from({ length: count }, (): Packet => {
    const family = random() < 0.7 ? 4 : 6;
    const protocol = pick([6, 6, 6, 17, 17, 1, 58, 47, 132]);
    const chain = pick(ways);
    return {
      family,
      chain,
      protocol,
      state: pick(states),
      source: pick(addresses[family]),
      destination: pick(addresses[family]),
      numbers: { mark: pick([0, 0, 1, 2, 5]) },
      ...([6, 17, 132].includes(protocol) && { sourcePort: pick(ports), port: pick(ports) }),
      ...([1, 58].includes(protocol) && {
        icmpType: pick([0, 3, 8, 128, 129, 135, 255]),
        icmpCode: pick([0, 1, 4]),
      }),
      ...(protocol === 6 && { tcpFlags: Math.floor(random() * 256) }),
      ...(chain !== 'OUTPUT' && { inInterface: pick(interfaces) }),
      ...(chain !== 'INPUT' && { outInterface: pick(interfaces) }),
    };
  });
}

/** Holds bits against the plain walk; returns how many packets of how many the bits alone decided. */
function compare(ruleset: Ruleset, packets: readonly Packet[]): number {
  const columns = new PacketColumns(packets.length, interfaces);
  for (const packet of packets) columns.add(packet);
  const classifier = new Classifier(ruleset, interfaces);
  const { outcome, decider, walked } = classifier.judge(columns);
  for (const [i, packet] of packets.entries()) {
    const plain = judgePacket(ruleset, packet);
    const found = [Outcome.Deny, Outcome.Allow].indexOf(outcome[i] as 0 | 1);
    const said = found < 0 ? 'unknown' : found === 0 ? 'deny' : 'allow';
    const by = classifier.deciders[decider[i]!];
    if (said === plain.outcome && by?.rule === plain.step?.rule && by?.chain === plain.step?.chain) continue;
    expect({ packet, said, by: by?.rule?.text ?? by?.chain.name }).toEqual({
      packet,
      said: plain.outcome,
      by: plain.step?.rule?.text ?? plain.step?.chain.name,
    });
  }
  return packets.length - walked;
}

test('the same verdict and the same deciding rule as the plain walk: iptables', () => {
  let [decided, all] = [0, 0];
  const property = fc.property(commandLists, fc.nat(), (commands, seed) => {
    decided += compare(rulesetOf(...commands), packetsOf(seed, 400));
    all += 400;
  });
  fc.assert(property, { numRuns: 250, seed: 3 });
  expect(decided / all).toBeGreaterThan(0.7);
});

test('the same for all tables of nft and iptables, whose rules also change packets', () => {
  let [decided, all] = [0, 0];
  for (let seed = 1; seed <= 60; seed++) {
    for (const form of forms) {
      decided += compare(randomRules(form, seed).ruleset, packetsOf(seed, 500));
      all += 500;
    }
  }
  expect(decided / all).toBeGreaterThan(0.3);
});

test('thousands of rules: bits across many words', () => {
  const random = randomFrom(5);
  const commands = Array.from({ length: 3000 }, (_, i) => {
    const host = `${10 + (i % 40)}.${Math.floor(random() * 200)}.${i % 250}.0/${16 + (i % 9)}`;
    return `iptables -A ${i % 3 === 0 ? 'FORWARD' : 'INPUT'} -p ${i % 2 === 0 ? 'tcp' : 'udp'} -s ${host} --dport ${i % 700} -j ${i % 2 === 0 ? 'ACCEPT' : 'DROP'}`;
  });
  const ruleset = rulesetOf(...commands, 'iptables -A INPUT -j DROP');
  const packets = packetsOf(9, 2000).map((packet): Packet => {
    const host = `${10 + Math.floor(random() * 40)}.${Math.floor(random() * 200)}.${Math.floor(random() * 250)}.7`;
    return {
      ...packet,
      family: 4,
      source: address(host),
      destination: address('10.0.0.1'),
      protocol: 6,
      port: Math.floor(random() * 700),
      sourcePort: 5,
      tcpFlags: 2,
    };
  });
  expect(compare(ruleset, packets)).toBe(packets.length);
});
