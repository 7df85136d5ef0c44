import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { ownNetworkAtPeer } from './own-network-at-peer.ts';
import { hub, spoke, tunnelYaml } from './tunnel-checks.fixture.ts';

const find = (config: string, encoded = false) => findings(ownNetworkAtPeer, tunnelYaml(config, {}, encoded));
const whole = hub.replace('10.219.37.2/32', '10.219.37.0/24');

test('a hub gives one peer the whole network', () => {
  expect(find(whole)).toMatchObject([
    {
      at: '10.219.37.0/24',
      message:
        "one peer of wg0 of ConfigMap vpn/wg has the whole tunnel network, AllowedIPs 10.219.37.0/24 with this end's own 10.219.37.1: a second peer with it takes all traffic away",
    },
  ]);
  expect(find(whole, true)[0]?.message).toContain('AllowedIPs 10.219.37.0/24 (line 7 of wg0.conf) with');
});

test('an end that listens, and calls once only', () => {
  expect(find(spoke.replace('PersistentKeepalive = 25\n', ''))).toHaveLength(1);
});

test.each([
  ['a spoke keeps the tunnel open', spoke],
  ['a spoke does not listen', spoke.replace(/ListenPort.*\n|PersistentKeepalive.*\n/g, '')],
  ['a default route', hub.replace('10.80.0.0/16', '0.0.0.0/0')],
  ['an address alone, no network', spoke.replace('37.2/24', '37.2/32').replace(/Persist.*\n/, '')],
])('silent: %s', (_, config) => expect(find(config)).toEqual([]));
