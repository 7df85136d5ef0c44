import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { formatAddress, isLoopback } from '../net/address.ts';
import { canMakeNamespaces, NamespacePair } from '../sensor/netns.fixture.ts';
import { gateways, gateways6, readOwnMachine } from './own-machine.ts';

const route = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\tFE0200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`;
const zero = '0'.repeat(32);
const route6 = `${zero} 00 ${zero} 00 20010db8000000000000000000000001 00000400 00000001 00000000 00000003 eth0
${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200 lo
20010db8000000000000000000000000 40 ${zero} 00 ${zero} 00000100 00000001 00000000 00000001 eth0
`;

test('next hops of default routes, as the kernel writes them', () => {
  expect(gateways(route).map(formatAddress)).toEqual(['192.0.2.254']);
  expect(gateways6(route6).map(formatAddress)).toEqual(['2001:db8::1']);
});

test.each(['', 'x', '\n\n', 'eth0\t00000000', 'eth0\t00000000\tXYZ', `${zero} 00 ${zero} 00 zz`])(
  'what is no table of routes gives none: %j',
  (text) => {
    expect([...gateways(text), ...gateways6(text)]).toEqual([]);
  },
);

test('this machine has its name, and no loopback address', () => {
  const own = readOwnMachine();
  expect(own.name).toBe(hostname());
  expect(own.addresses.some(isLoopback)).toBe(false);
});

test.skipIf(!canMakeNamespaces)('the kernel writes the routes of a namespace like that', () => {
  const pair = new NamespacePair();
  try {
    pair.run(pair.left, 'ip', 'route', 'add', 'default', 'via', '198.51.100.2');
    pair.run(pair.left, 'ip', '-6', 'route', 'add', 'default', 'via', '2001:db8::2');
    const read = (path: string) => pair.run(pair.left, 'cat', path);
    expect(gateways(read('/proc/net/route')).map(formatAddress)).toEqual(['198.51.100.2']);
    expect(gateways6(read('/proc/net/ipv6_route')).map(formatAddress)).toEqual(['2001:db8::2']);
  } finally {
    pair.remove();
  }
});
