import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { imageCutsNode } from './image-cuts-node.ts';
import { privateKey, type Runner, spoke, tunnelYaml } from './tunnel-checks.fixture.ts';

const image = 'lscr.io/linuxserver/wireguard:latest';
const find = (runner: Runner, config = spoke) =>
  findings(imageCutsNode, tunnelYaml(config, { image, ...runner }));

test('the configuration cannot come up', () => {
  expect(find({ kind: 'DaemonSet' }, spoke.replace(privateKey, '<key>'))).toEqual([
    {
      at: 'hostNetwork',
      message:
        'wg0 of ConfigMap vpn/wg cannot come up, so linuxserver/wireguard deletes the default route, with hostNetwork that of every node',
      help: 'leave out `hostNetwork: true`, or run `wg-quick up` by a `command` of your own in an image that leaves routes alone',
    },
  ]);
});

test('it may come up', () => {
  expect(find({})).toMatchObject([
    {
      message:
        'when a tunnel of StatefulSet vpn/tunnel does not come up, linuxserver/wireguard deletes the default route, with hostNetwork that of the node',
    },
  ]);
});

test.each<[string, Runner]>([
  ['a network of its own', { pod: 'hostNetwork: false' }],
  ['a command of its own', { container: 'command: [wg-quick, up, wg0]' }],
  ['another image', { image: 'registry.example.com/wireguard:1' }],
])('silent: %s', (_, runner) => expect(find(runner, spoke.replace(privateKey, '<key>'))).toEqual([]));
