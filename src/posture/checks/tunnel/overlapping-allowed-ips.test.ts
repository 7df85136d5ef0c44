import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { overlappingAllowedIps } from './overlapping-allowed-ips.ts';
import { hub, tunnelYaml } from './tunnel-checks.fixture.ts';

const find = (config: string, encoded = false) =>
  findings(overlappingAllowedIps, tunnelYaml(config, {}, encoded));
const same = hub.replace('10.81.0.0/16', '10.80.0.0/16');

test('the same prefix twice', () => {
  expect(find(same)).toEqual([
    {
      at: '10.80.0.0/16',
      message:
        'peer 1 of wg0 of ConfigMap vpn/wg loses 10.80.0.0/16 to peer 2, which names it again: no traffic reaches peer 1 there',
      help: 'leave it to one of them',
    },
  ]);
  expect(find(same, true)).toMatchObject([
    {
      help: 'leave it to one of them, here or in line 10',
      message: expect.stringContaining('(line 7 of wg0.conf)'),
    },
  ]);
});

test('one inside the other is a note', () => {
  expect(find(hub.replace('10.81.0.0/16', '10.80.7.0/24'))).toMatchObject([
    {
      at: '10.80.7.0/24',
      message: 'peer 2 of wg0 of ConfigMap vpn/wg takes 10.80.7.0/24 out of 10.80.0.0/16 of peer 1',
    },
  ]);
});

test('a default route beside others', () => {
  expect(find(hub.replace('10.81.0.0/16', '0.0.0.0/0'))).toEqual([]);
});
