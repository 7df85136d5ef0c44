import { expect, test } from 'vitest';
import { findings, nftFile } from '../analysis.fixture.ts';
import { interfaceByIndex } from './interface-by-index.ts';

test('is told once', () => {
  const found = findings(
    interfaceByIndex,
    nftFile('iif "wg0" accept', 'tcp dport 22 accept', 'iif != eth1 drop'),
  );
  expect(found).toMatchObject([
    {
      at: 'iif "wg0" accept',
      help: 'ask for the name: `iifname "wg0"`',
      related: [['iif != eth1 drop', 'here too']],
    },
  ]);
});

test.each([
  ['the name, as the help says', nftFile('iifname "wg0" accept')],
  ['loopback', nftFile('iif lo accept', 'iif "lo" accept', 'oif lo accept')],
  ['a map, a set', nftFile('iif vmap { lo : accept }', 'iif @inner accept')],
  ['iptables', ['iptables -A INPUT -i wg0 -j ACCEPT']],
])('nothing to say: %s', (_, lines) => expect(findings(interfaceByIndex, lines)).toEqual([]));
