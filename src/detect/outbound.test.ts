import { expect, test } from 'vitest';
import { parseAddress } from '../net/address.ts';
import { flowOf, named } from './flow.fixture.ts';
import { isInside, isOutbound, Ours, ownNetworks } from './outbound.ts';

test.each([
  ['10.0.0.1', true],
  ['11.0.0.1', false],
  ['172.15.255.255', false],
  ['172.16.0.0', true],
  ['172.31.255.255', true],
  ['172.32.0.0', false],
  ['192.168.255.255', true],
  ['192.169.0.0', false],
  ['100.63.255.255', false],
  ['100.64.0.0', true],
  ['100.127.255.255', true],
  ['100.128.0.0', false],
  ['127.0.0.1', true],
  ['169.254.1.1', true],
  ['fbff::1', false],
  ['fc00::1', true],
  ['fdff::1', true],
  ['fe00::1', false],
  ['fe80::1', true],
  ['2001:db8::1', false],
])('%s is inside: %s', (text, expected) => {
  expect(isInside(parseAddress(text)!)).toBe(expected);
});

const from = '10.0.0.5';

test('a service outside that nobody declared is', () => {
  expect(isOutbound(flowOf(from, '198.51.100.1', 443))).toBe(true);
  expect(isOutbound(flowOf('2001:db8::5', '2001:db8::1', 443))).toBe(true);
});

test('infrastructure, private, declared, multicast, broadcast, accepted here and protocols without ports are not', () => {
  const flow = flowOf(from, '198.51.100.1', 443);
  for (const port of [53, 123, 5353]) expect(isOutbound(flowOf(from, '198.51.100.1', port))).toBe(false);
  for (const to of ['10.9.9.9', '224.0.0.251', '255.255.255.255', '0.0.0.0', 'ff02::1', 'fd00::1'])
    expect(isOutbound(flowOf(from, to, 443)), to).toBe(false);
  expect(isOutbound(named(flow, 'shop/web', 'shop/db'))).toBe(false);
  expect(isOutbound({ ...flow, seenBy: 'destination' })).toBe(false);
  expect(isOutbound({ ...flow, protocol: 1 })).toBe(false);
});

test('an end is ours where its own machine told of it, it is declared, private, or in a network that is', () => {
  const ours = new Ours(['203.0.113.0/24']);
  const flow = flowOf('198.51.100.5', '198.51.100.1', 443, { seenBy: 'network' });
  expect([ours.hasSource(flow), ours.hasDestination(flow)]).toEqual([false, false]);
  const seen = (seenBy: 'source' | 'destination' | 'both') =>
    [ours.hasSource({ ...flow, seenBy }), ours.hasDestination({ ...flow, seenBy })] as const;
  expect(seen('source')).toEqual([true, false]);
  expect(seen('destination')).toEqual([false, true]);
  expect(seen('both')).toEqual([true, true]);
  const declared = named(flow, 'shop/web', 'shop/db');
  expect([ours.hasSource(declared), ours.hasDestination(declared)]).toEqual([true, true]);
  const other = flowOf('203.0.113.9', '10.0.0.1', 443, { seenBy: 'network' });
  expect([ours.hasSource(other), ours.hasDestination(other)]).toEqual([true, true]);
  expect(ownNetworks.safeParse(['203.0.113.0/33']).success).toBe(false);
});
