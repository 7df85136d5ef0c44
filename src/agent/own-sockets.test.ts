import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { parseAddress } from '../net/address.ts';
import { ownAddresses, reachesOwn } from './own-sockets.ts';

const own = [parseAddress('198.51.100.7')!, parseAddress('2001:db8::7')!];

test.each([
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', '127.0.0.2', false],
  ['0.0.0.0', '127.9.9.9', true],
  ['0.0.0.0', '198.51.100.7', true],
  ['0.0.0.0', '198.51.100.8', false],
  ['0.0.0.0', '::1', false],
  ['::', '198.51.100.7', true],
  ['::', '::ffff:198.51.100.7', true],
  ['::', '2001:db8::7', true],
  ['::', '2001:db8::8', false],
  ['198.51.100.7', '198.51.100.7', true],
  ['198.51.100.7', '127.0.0.1', false],
  ['127.0.0.1', '0.0.0.0', true],
  ['::1', '::', true],
  ['localhost', '127.0.0.1', false],
])('a socket at %s, sent to %s: %s', (listening, to, reaches) => {
  const sockets = [{ address: listening, port: 4739 }];
  expect(reachesOwn(parseAddress(to)!, 4739, sockets, own)).toBe(reaches);
  expect(reachesOwn(parseAddress(to)!, 4740, sockets, own)).toBe(false);
});

test('the kernel agrees for all addresses of this machine', async () => {
  const socket = createSocket('udp4').bind(0, '0.0.0.0');
  await once(socket, 'listening');
  const { port } = socket.address();
  const sender = createSocket('udp4');
  for (const address of ['127.0.0.1', '127.1.2.3', '0.0.0.0']) {
    const got = once(socket, 'message');
    sender.send('x', port, address);
    await got;
    expect(reachesOwn(parseAddress(address)!, port, [{ address: '0.0.0.0', port }])).toBe(true);
  }
  sender.close();
  socket.close();
  expect(ownAddresses().length).toBeGreaterThan(0);
});
