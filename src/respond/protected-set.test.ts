import { expect, test } from 'vitest';
import { postureOf } from '../posture/posture.fixture.ts';
import { ProtectedSet } from './protected-set.ts';
import { address, machine, prefix } from './respond.fixture.ts';

const posture = postureOf(
  'apiVersion: v1\nkind: Node\nmetadata: {name: edge-1}\nstatus: {addresses: [{type: InternalIP, address: 10.9.0.1}]}\n',
);
const named = { protect: [prefix('192.0.2.0/24')], logins: [address('203.0.113.200')] };
const why = (text: string, of = machine) => new ProtectedSet(of, posture, named).why(prefix(text));

test.each([
  ['198.51.100.2/32', 'an address of this machine'],
  ['198.51.100.0/30', 'an address of this machine'],
  ['198.51.100.1/32', 'a gateway'],
  ['198.51.100.53/32', 'a name server'],
  ['203.0.113.80/32', 'the end of a tunnel'],
  ['203.0.113.70/32', 'an administrator'],
  ['203.0.113.0/24', 'who is logged in here'],
  ['203.0.113.200/32', 'who is logged in here'],
  ['192.0.2.77/32', 'an address that the site file protects'],
  ['10.9.0.1/32', 'an address of the node edge-1'],
  ['127.0.0.9/32', 'loopback'],
  ['::1/128', 'loopback'],
  ['224.0.0.1/32', 'a group address'],
  ['ff02::1/128', 'a group address'],
])('%s: %s', (text, what) => {
  expect(why(text)).toBe(what);
});

test('others are not, nor who only has a connection', () => {
  const remote = { address: address('203.0.113.9'), port: 40_000 };
  const local = { address: address('198.51.100.2'), port: 22 };
  expect(why('203.0.113.9/32', { ...machine, connections: [{ local, remote }] })).toBeUndefined();
  expect(why('203.0.113.9/32', { ...machine, session: { local, remote } })).toBe('who is logged in here');
});

test('API servers are whom a node asks on their port', () => {
  const connections = [
    {
      local: { address: address('198.51.100.2'), port: 40_000 },
      remote: { address: address('203.0.113.9'), port: 6443 },
    },
  ];
  expect(why('203.0.113.9/32', { ...machine, connections })).toBeUndefined();
  const listeners = [{ protocol: 6 as const, port: 10250, address: address('::') }];
  expect(why('203.0.113.9/32', { ...machine, connections, listeners })).toBe('an API server');
});
