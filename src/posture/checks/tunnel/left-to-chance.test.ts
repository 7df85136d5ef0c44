import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { leftToChance } from './left-to-chance.ts';
import { spoke, tunnelYaml } from './tunnel-checks.fixture.ts';

const find = (config: string) => findings(leftToChance, tunnelYaml(config));
const asleep = spoke.replace('PersistentKeepalive = 25\n', '');

test('a peer is called and not kept awake; what else is left out stands beside it', () => {
  expect(find(asleep)).toEqual([
    {
      at: '[Peer]',
      message:
        'if this end is behind NAT, wg0 of ConfigMap vpn/wg is not reached once it is idle: no PersistentKeepalive, no MTU, no PresharedKey, no forwarding or NAT in PostUp',
      help: 'add `PersistentKeepalive = 25` to the `[Peer]` that this end calls; where the way is narrower than 1500 bytes also `MTU = 1380`',
    },
  ]);
});

test('only what is left out is named', () => {
  const config = asleep.replace(
    'ListenPort',
    'MTU = 1380\nPostUp = sysctl -w net.ipv4.ip_forward=1\nListenPort',
  );
  expect(find(config)[0]?.message).toContain('no PersistentKeepalive, no PresharedKey');
  expect(find(config)[0]?.message).not.toContain('MTU');
});

test('off is none', () => {
  expect(find(spoke.replace('= 25', '= off'))).toHaveLength(1);
});

test('a peer that calls this end', () => {
  expect(find(asleep.replace(/Endpoint.*\n/, ''))).toEqual([]);
});
