import { expect, test } from 'vitest';
import { parseAddress } from '../net/address.ts';
import { communityId } from './community-id.ts';

const end = (address: string, port = 0) => ({ address: parseAddress(address)!, port });

/** Baseline of the specification (corelight/community-id-spec). */
const known = [
  [6, end('128.232.110.120', 34855), end('66.35.250.204', 80), undefined, '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
  [17, end('192.168.1.52', 54585), end('8.8.8.8', 53), undefined, '1:d/FP5EW3wiY1vCndhwleRRKHowQ='],
  [1, end('192.168.0.89'), end('192.168.0.1'), { type: 8, code: 0 }, '1:X0snYXpgwiv9TZtqg64sgzUn6Dk='],
  [
    58,
    end('fe80::200:86ff:fe05:80da'),
    end('fe80::260:97ff:fe07:69ea'),
    { type: 135, code: 0 },
    '1:dGHyGvjMfljg6Bppwm3bg0LO8TY=',
  ],
  [132, end('192.168.170.8', 7), end('192.168.170.56', 80), undefined, '1:jQgCxbku+pNGw8WPbEc/TS/uTpQ='],
] as const;

test.each(known)('protocol %i: the published id', (protocol, source, destination, icmp, id) => {
  expect(communityId(protocol, source, destination, icmp)).toBe(id);
});

test('both directions have the same id, another seed another one', () => {
  for (const [protocol, source, destination] of known.filter((one) => one[3] === undefined))
    expect(communityId(protocol, destination, source)).toBe(communityId(protocol, source, destination));
  const [ping, pong] = [
    { type: 8, code: 0 },
    { type: 0, code: 0 },
  ];
  const [x, y] = [end('192.0.2.1'), end('192.0.2.2')];
  expect(communityId(1, x, y, ping)).toBe(communityId(1, y, x, pong));
  expect(communityId(1, x, y, ping, 1)).not.toBe(communityId(1, x, y, ping));
});

test('an ICMP error has a direction: the way back is another one', () => {
  const [x, y] = [end('192.0.2.1'), end('192.0.2.2')];
  const error = { type: 3, code: 1 };
  expect(communityId(1, x, y, error)).not.toBe(communityId(1, y, x, error));
});
