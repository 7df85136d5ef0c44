import { createPrivateKey, createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseAddress } from '../net/address.ts';
import { formatPrefix } from '../net/prefix.ts';
import { parseWireguard } from './config.ts';
import { SecretKey } from './key.ts';
import {
  diallingPeers,
  duplicates,
  links,
  overlappingPeers,
  ownAddressesAtPeers,
  peerRoutes,
} from './topology.ts';

const keys = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString('base64'));
const publicKeys = keys.map((key) => new SecretKey(key).publicKey);

/** What OpenSSL makes of a raw private key (RFC 8410 §7). */
function publicByOpenssl(key: Buffer): string {
  const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), key]);
  const made = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return made.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
}

function config(
  own: number,
  address: string,
  peers: readonly (readonly [key: number, allowed: string, more?: string])[],
) {
  const sections = peers.map(
    ([key, allowed, more = '']) =>
      `[Peer]\nPublicKey = ${publicKeys[key]}\nAllowedIPs = ${allowed}\n${more}\n`,
  );
  return parseWireguard(`[Interface]\nPrivateKey = ${keys[own]}\nAddress = ${address}\n${sections.join('')}`);
}

test('public keys are those of OpenSSL', () => {
  for (let seed = 0; seed < 20; seed++) {
    const key = Buffer.from(Array.from({ length: 32 }, (_, i) => (seed * 89 + i * 57 + i * i * seed) & 255));
    expect(new SecretKey(key.toString('base64')).publicKey).toBe(publicByOpenssl(key));
  }
});

test('the longest prefix decides which peer has an address', () => {
  const hub = config(0, '10.8.0.1/32', [
    [1, '0.0.0.0/0'],
    [2, '10.8.0.3/32, 192.0.2.0/24'],
  ]);
  const routes = peerRoutes(hub);
  const behind = (text: string) => hub.peers.indexOf(routes.lookup(parseAddress(text)!)!);
  expect(['10.8.0.3', '192.0.2.9', '10.8.0.4'].map(behind)).toEqual([1, 1, 0]);
  expect(routes.lookup(parseAddress('2001:db8::1')!)).toBeUndefined();
});

test('overlaps between peers, equal and nested', () => {
  const hub = config(0, '10.8.0.1/32', [
    [1, '10.8.0.2/32, 10.8.0.0/24, 10.8.0.2/32'],
    [2, '10.8.0.2/32, 192.0.2.0/24'],
  ]);
  const told = overlappingPeers(hub).map(
    ({ outer, inner, equal }) => `${formatPrefix(outer.value)} ${formatPrefix(inner.value)} ${equal}`,
  );
  expect(told).toEqual(['10.8.0.0/24 10.8.0.2/32 false', '10.8.0.2/32 10.8.0.2/32 true']);
});

test('the own address inside what a peer may send', () => {
  const hub = config(0, '10.0.0.1/24', [
    [1, '10.0.0.0/24'],
    [2, '0.0.0.0/0'],
  ]);
  expect(ownAddressesAtPeers(hub)).toMatchObject([{ peer: hub.peers[0] }]);
});

test('duplicate keys and addresses, links, and who dials', () => {
  const hub = { name: 'hub', config: config(0, '10.8.0.1/32', [[1, '10.8.0.2/32']]) };
  const spoke = {
    name: 'spoke',
    config: config(1, '10.8.0.2/32', [[0, '10.8.0.0/24', 'Endpoint = hub.example:1']]),
  };
  const copy = { name: 'copy', config: config(1, '10.8.0.2/32', [[2, '10.8.0.1/32']]) };
  expect(duplicates([hub, spoke])).toEqual([]);
  expect(duplicates([hub, spoke, copy]).map(({ what, second }) => `${what} ${second.end.name}`)).toEqual([
    'private key copy',
    'address copy',
  ]);
  expect(
    links([hub, spoke]).map(({ end, other, back }) => [end.name, other.name, back !== undefined]),
  ).toEqual([
    ['hub', 'spoke', true],
    ['spoke', 'hub', true],
  ]);
  expect([hub, spoke].map((end) => diallingPeers(end.config).length)).toEqual([1, 0]);
});
