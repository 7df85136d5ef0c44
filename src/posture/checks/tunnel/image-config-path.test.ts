import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { imageConfigPath } from './image-config-path.ts';
import { type Runner, spoke, tunnelYaml } from './tunnel-checks.fixture.ts';

const image = 'linuxserver/wireguard:latest';
const yaml = (runner: Runner) => tunnelYaml(spoke, { image, ...runner });
const find = (runner: Runner) => findings(imageConfigPath, yaml(runner));
const legacy = { mount: 'mountPath: /config/wg0.conf, subPath: wg0.conf' };

test('where it was once read', () => {
  expect(find(legacy)).toEqual([
    {
      at: '/config/wg0.conf',
      message:
        'linuxserver/wireguard reads /config/wg_confs/*.conf since 2023-10-03: it copies /config/wg0.conf there and then fails to delete it, as it is mounted',
      help: 'write `mountPath: /config/wg_confs/wg0.conf`',
    },
  ]);
  expect(fixed(imageConfigPath, yaml(legacy))).toBe(
    yaml({ mount: 'mountPath: "/config/wg_confs/wg0.conf", subPath: wg0.conf' }),
  );
});

test('where it was never read', () => {
  expect(find({ mount: 'mountPath: /config/home.conf, subPath: wg0.conf' })).toMatchObject([
    {
      at: '/config/home.conf',
      message:
        'linuxserver/wireguard reads /config/wg_confs/*.conf: nothing reads wg0 of ConfigMap vpn/wg at /config/home.conf',
    },
  ]);
});

test('a whole directory', () => {
  expect(fixed(imageConfigPath, yaml({ mount: 'mountPath: /config' }))).toBe(
    yaml({ mount: 'mountPath: "/config/wg_confs"' }),
  );
});

test.each<[string, Runner]>([
  ['the right directory', { mount: 'mountPath: /config/wg_confs' }],
  ['a directory of its own', { mount: 'mountPath: /config/peer1' }],
  ['another image', { ...legacy, image: 'registry.example.com/wg:1' }],
  ['a command of its own', { ...legacy, container: 'command: [wg-quick, up, /config/wg0.conf]' }],
])('silent: %s', (_, runner) => expect(find(runner)).toEqual([]));
