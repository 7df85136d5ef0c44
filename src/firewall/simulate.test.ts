import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acceptedPorts } from './accepted-ports.ts';
import type { Packet } from './packet.ts';
import { address, commandLists, rulesetOf } from './rules.fixture.ts';
import { judgePacket } from './simulate.ts';

const fresh = { family: 4, chain: 'INPUT', protocol: 6, state: 'NEW', local: false } as const;
const outcome = (commands: string[], packet: Partial<Packet>) =>
  judgePacket(rulesetOf(...commands), { ...fresh, ...packet }).outcome;

test('the first rule that matches decides, else the policy', () => {
  const commands = ['iptables -A INPUT -p tcp --dport 22 -j ACCEPT', 'iptables -A INPUT -j DROP'];
  expect(outcome(commands, { port: 22 })).toBe('allow');
  expect(outcome(commands, { port: 23 })).toBe('deny');
  expect(outcome(commands, { port: 22, protocol: 17 })).toBe('deny');
  expect(outcome(['iptables -P INPUT DROP'], { port: 22 })).toBe('deny');
  expect(outcome([], { port: 22 })).toBe('allow');
});

test('rules of one IP version say nothing of the other', () => {
  const commands = ['iptables -P INPUT DROP'];
  expect(outcome(commands, { family: 6, port: 22 })).toBe('allow');
  expect(outcome(['ip6tables -P INPUT DROP'], { family: 6, port: 22 })).toBe('deny');
});

test('the deciding rule is named', () => {
  const ruleset = rulesetOf('iptables -A INPUT -s 198.51.100.0/24 -p tcp --dport 22 -j REJECT');
  const verdict = judgePacket(ruleset, { ...fresh, source: address('198.51.100.7'), port: 22 });
  expect(verdict.step?.rule?.text).toBe('-A INPUT -s 198.51.100.0/24 -p tcp --dport 22 -j REJECT');
  expect(verdict.trail).toHaveLength(1);
});

test('loopback is for what does not come from another machine', () => {
  const commands = ['iptables -A INPUT -i lo -j ACCEPT', 'iptables -A INPUT -j DROP'];
  expect(outcome(commands, { port: 22 })).toBe('deny');
  expect(outcome(commands, { port: 22, local: true })).toBe('allow');
  const { local: _, ...unknown } = fresh;
  expect(judgePacket(rulesetOf(...commands), { ...unknown, port: 22 }).outcome).toBe('unknown');
});

test('what goes to another machine does not go out by loopback', () => {
  const commands = ['iptables -A OUTPUT -o lo -j ACCEPT', 'iptables -A OUTPUT -j DROP'];
  const leaving = { chain: 'OUTPUT', port: 22 } as const;
  expect(outcome(commands, { ...leaving, returns: false })).toBe('deny');
  expect(outcome(commands, { ...leaving, returns: true })).toBe('allow');
  expect(outcome(commands, leaving)).toBe('unknown');
});

test('what is not known leaves both ends open, and the rule is named', () => {
  const ruleset = rulesetOf('iptables -A INPUT -m recent --name x --rcheck -j DROP');
  expect(judgePacket(ruleset, { ...fresh, port: 22 })).toMatchObject({
    outcome: 'unknown',
    why: 'it is not known whether the rule `-A INPUT -m recent --name x --rcheck -j DROP` matches',
  });
  expect(outcome(['iptables -A INPUT -s 198.51.100.1 -j DROP'], { port: 22 })).toBe('unknown');
  expect(outcome(['iptables -A INPUT -m limit --limit 1/s -j LOG'], { port: 22 })).toBe('allow');
});

test('user chains, return and goto', () => {
  const jump = (verb: string) => [
    'iptables -N A',
    'iptables -N B',
    'iptables -A A -j B',
    'iptables -A A -p tcp --dport 23 -j DROP',
    `iptables -A INPUT ${verb} A`,
    'iptables -A INPUT -p tcp --dport 22 -j DROP',
  ];
  expect(outcome(jump('-j'), { port: 22 })).toBe('deny');
  expect(outcome(jump('-j'), { port: 23 })).toBe('deny');
  expect(outcome(jump('-g'), { port: 22 })).toBe('allow');
  expect(outcome(jump('-g'), { port: 23 })).toBe('deny');
  expect(outcome(['iptables -A INPUT -j KUBE-FIREWALL'], { port: 22 })).toBe('unknown');
});

test('a drop in any table is final, an accept ends its own table', () => {
  expect(outcome(['iptables -t raw -A PREROUTING -p tcp --dport 22 -j DROP'], { port: 22 })).toBe('deny');
  const both = ['iptables -t mangle -A INPUT -j ACCEPT', 'iptables -A INPUT -j DROP'];
  expect(outcome(both, { port: 22 })).toBe('deny');
  const legacy = ['iptables-legacy -A INPUT -j DROP', 'iptables-nft -A INPUT -j ACCEPT'];
  expect(outcome(legacy, { port: 22 })).toBe('deny');
});

test('what is sent elsewhere is unknown, for the first packet of a connection; what stays here has another port', () => {
  const away = ['iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.0.2.9'];
  expect(outcome(away, { port: 80 })).toBe('unknown');
  expect(outcome(away, { port: 81 })).toBe('allow');
  expect(outcome(away, { port: 80, state: 'ESTABLISHED' })).toBe('allow');
  const here = [
    'iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080',
    'iptables -A INPUT -p tcp --dport 8080 -j DROP',
  ];
  expect(outcome(here, { port: 80 })).toBe('deny');
  expect(outcome(here, { port: 80, state: 'ESTABLISHED' })).toBe('allow');
});

test('chains that lead to themselves end', () => {
  const commands = ['iptables -N A', 'iptables -N B', 'iptables -A A -j B', 'iptables -A B -j A'];
  expect(outcome([...commands, 'iptables -A INPUT -j A'], { port: 1 })).toBe('unknown');
});

test('ports of both kinds of answer', () => {
  const ruleset = rulesetOf(
    'iptables -P INPUT DROP',
    'iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT',
    'iptables -A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT',
    'iptables -A INPUT -p tcp --dport 22 -s 198.51.100.0/24 -j ACCEPT',
  );
  const { certain, possible } = acceptedPorts(ruleset, {
    family: 4,
    chain: 'INPUT',
    protocol: 6,
    local: false,
  });
  expect(`${certain} ${possible}`).toBe('80,443 22,80,443');
});

test('for all ports at once or one by one: the same', () => {
  const samples = [0, 21, 22, 23, 80, 7000, 7001, 7002, 7003, 7004, 7005, 65535];
  const sources = fc.constantFrom(undefined, '198.51.100.1', '203.0.113.9', '192.0.2.1');
  const property = fc.property(
    commandLists,
    sources,
    fc.constantFrom(6, 17, 1),
    fc.constantFrom(undefined, true, false),
    fc.constantFrom(
      ...['', 'iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.0.2.9'],
    ),
    (commands, source, protocol, local, translation) => {
      const ruleset = rulesetOf(...commands, translation);
      const asked = {
        family: 4 as const,
        chain: 'INPUT' as const,
        protocol,
        ...(source !== undefined && { source: address(source) }),
        ...(local !== undefined && { local }),
      };
      const { certain, possible } = acceptedPorts(ruleset, asked);
      for (const port of samples) {
        const { outcome } = judgePacket(ruleset, { ...asked, port, state: 'NEW' });
        const set = certain.contains(port) ? 'allow' : possible.contains(port) ? 'unknown' : 'deny';
        expect([port, set]).toEqual([port, outcome]);
      }
    },
  );
  fc.assert(property, { numRuns: 1500, seed: 7 });
});

test('behind routing a forwarded packet still has the interface that it came in by', () => {
  const commands = [
    'iptables -t mangle -N A',
    'iptables -t mangle -A A ! -i eth0 -j DROP',
    'iptables -t mangle -A POSTROUTING -j A',
  ];
  const forwarded = (inInterface: string) =>
    outcome(commands, { chain: 'FORWARD', inInterface, outInterface: 'eth1' });
  expect([forwarded('eth0'), forwarded('eth1')]).toEqual(['allow', 'deny']);
  expect(outcome(commands, { chain: 'OUTPUT', outInterface: 'eth1', local: true })).toBe('deny');
});
