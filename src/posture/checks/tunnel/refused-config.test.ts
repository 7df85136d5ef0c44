import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { refusedConfig } from './refused-config.ts';
import { hub, privateKey, spoke, tunnelYaml } from './tunnel-checks.fixture.ts';

const find = (config: string, encoded = false) =>
  findings(refusedConfig, tunnelYaml(config, {}, encoded)).map(({ at, message }) => [at, message]);

test('a setting that wg does not know', () => {
  const wrong = spoke.replace('AllowedIPs', 'AllowedIP');
  expect(find(wrong)).toEqual([
    ['AllowedIP', 'wg0 of ConfigMap vpn/wg: unknown key in [Peer]: the tunnel does not come up'],
  ]);
  expect(find(wrong, true)[0]?.[1]).toBe(
    'wg0 of Secret vpn/wg: unknown key in [Peer] (line 7 of wg0.conf): the tunnel does not come up',
  );
});

test('bits behind the length are a warning', () => {
  expect(find(hub.replace('10.80.0.0/16', '10.80.1.0/16'))).toEqual([
    [
      '10.80.1.0/16',
      'wg0 of ConfigMap vpn/wg: AllowedIPs has bits set behind its length, which WireGuard drops',
    ],
  ]);
});

const noKey = spoke.replace(`PrivateKey = ${privateKey}\n`, '');

test('no private key', () => {
  expect(find(noKey)).toEqual([
    ['[Interface]', 'wg0 of ConfigMap vpn/wg: the interface has no PrivateKey: no handshake succeeds'],
  ]);
});

test.each([
  ['a hook sets the key', noKey.replace('ListenPort', 'PostUp = wg set %i private-key /k\nListenPort'), ''],
  ['the container sets it', noKey, 'command: [sh, -ec, "wg-quick up wg0; wg set wg0 private-key /k"]'],
  ['no addresses for a peer', hub.replace(/AllowedIPs.*/, 'AllowedIPs ='), ''],
  ['a placeholder is told elsewhere', spoke.replace(privateKey, '<private-key>'), ''],
])('silent: %s', (_, config, container) =>
  expect(findings(refusedConfig, tunnelYaml(config, { container }))).toEqual([]),
);

test('a text full of mistakes is cut short', () => {
  expect(find(`${spoke}${'nonsense\n'.repeat(1000)}`)).toHaveLength(20);
});
