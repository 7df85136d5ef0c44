import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { hub, tunnelYaml } from './tunnel-checks.fixture.ts';
import { usualNetwork } from './usual-network.ts';

const find = (config: string) => findings(usualNetwork, tunnelYaml(config));

test.each([
  ['10.0.0.1/24', '10.0.0.0/24 is the default of home routers, the first node of Cilium'],
  ['10.42.7.1/24', '10.42.7.0/24 is the default of pods of k3s and RKE2'],
  ['192.168.1.1/28', '192.168.1.0/28 is the default of home routers'],
])('%s', (address, message) => {
  const [found, ...others] = find(hub.replace('10.219.37.1/24', address));
  expect(others).toEqual([]);
  expect(found?.at).toBe(address);
  expect(found?.message).toContain(message);
});

test.each(['10.0.0.1/8', '10.0.0.1/32', '172.20.0.1/24', 'fd00:1::1/64'])('silent: %s', (address) => {
  expect(find(hub.replace('10.219.37.1/24', address))).toEqual([]);
});
