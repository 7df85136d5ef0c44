import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { openPlaceholders } from './open-placeholders.ts';
import { hub, privateKey, publicKeys, spoke, tunnelYaml } from './tunnel-checks.fixture.ts';

const find = (text: string) => findings(openPlaceholders, text);
const open = spoke
  .replace(privateKey, '<private-key>')
  .replace(publicKeys[1], '<public-key>')
  .replace('203.0.113.10', 'example.com');

test('keys and an Endpoint that are still to be put in, told once', () => {
  expect(find(tunnelYaml(open))).toEqual([
    {
      at: '<private-key>',
      message:
        'placeholders in wg0 of ConfigMap vpn/wg: PrivateKey, PublicKey, Endpoint example.com; wg rejects the file, the tunnel never comes up',
      help: "PrivateKey: write the key that `wg genkey` prints; PublicKey: write the key that `wg pubkey` prints; Endpoint: write the peer's own name or address, e.g. `203.0.113.10:51820`",
    },
  ]);
});

test('in base64 the lines are named, and the span is the value', () => {
  const [found, ...others] = find(tunnelYaml(open, {}, true));
  expect(others).toEqual([]);
  expect(found?.message).toContain('PrivateKey (line 2), PublicKey (line 6), Endpoint example.com (line 8)');
  expect(found?.at.replaceAll(/\s/g, '')).toHaveLength(btoa(open).length + 1);
});

test('the Endpoint alone', () => {
  expect(find(tunnelYaml(spoke.replace('203.0.113.10', 'vpn.example.org')))).toMatchObject([
    {
      at: 'vpn.example.org:51820',
      message: 'placeholders in wg0 of ConfigMap vpn/wg: Endpoint vpn.example.org; no peer answers there',
    },
  ]);
});

test('many peers are not a long line', () => {
  const peers = '[Peer]\nPublicKey = <key>\n'.repeat(50);
  expect(find(tunnelYaml(hub + peers))[0]?.message).toContain('PublicKey, 45 more;');
});

test.each([
  ['a name that only looks like it', spoke.replace('203.0.113.10', 'myexample.com')],
  ['a name below a real one', spoke.replace('203.0.113.10', 'example.com.corp.de')],
])('silent: %s', (_, config) => expect(find(tunnelYaml(config))).toEqual([]));

test('a script fills the file in', () => {
  const container =
    'command: [sh, -ec, "envsubst </etc/wireguard/wg0.conf >/run/wg0.conf; wg-quick up /run/wg0.conf"]';
  const config = spoke.replace(privateKey, '$PRIVATE_KEY');
  expect(find(tunnelYaml(config))).toHaveLength(1);
  expect(find(tunnelYaml(config, { container }))).toEqual([]);
});
