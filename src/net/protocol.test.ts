import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Protocol, protocolName, protocolNumber } from './protocol.ts';

test.each([
  [0, 'hopopt'],
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [47, 'gre'],
  [58, 'ipv6-icmp'],
  [112, 'vrrp'],
  [132, 'sctp'],
  [136, 'udplite'],
  [142, 'rohc'],
  [61, '61'],
  [255, '255'],
])('%i is %s', (number, name) => {
  expect(protocolName(number)).toBe(name);
  expect(protocolNumber(name)).toBe(number);
});

test('every name leads back to its number', () => {
  for (let number = 0; number < 256; number++) expect(protocolNumber(protocolName(number))).toBe(number);
});

test('case does not matter, aliases and numbers are understood', () => {
  expect(protocolNumber('TCP')).toBe(Protocol.Tcp);
  expect(protocolNumber('ICMPv6')).toBe(Protocol.Icmpv6);
  expect(protocolNumber('ospf')).toBe(89);
  expect(protocolNumber('6')).toBe(6);
});

test.each(['', '-', '256', '06', '-1', '6.0', 'tcp ', 'https', 'constructor', '__proto__'])(
  '%j is no protocol',
  (text) => {
    expect(protocolNumber(text)).toBeUndefined();
  },
);

const system = '/etc/protocols';
test.skipIf(!existsSync(system))(`${system} says the same`, () => {
  const lines = readFileSync(system, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/));
  // Names that Debian made up, and a number above 255 that only sockets use.
  const peculiar = new Set(['ip', 'rspf', 'mptcp']);
  const entries = lines.filter(([name, number]) => name && number && !peculiar.has(name));
  expect(entries.length).toBeGreaterThan(0);
  for (const [name, number] of entries) expect(protocolNumber(name!), name).toBe(Number(number));
});
