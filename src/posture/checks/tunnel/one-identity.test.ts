import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { oneIdentity } from './one-identity.ts';
import { privateKey, type Runner, spoke, tunnelYaml } from './tunnel-checks.fixture.ts';

const find = (runner: Runner, config = spoke) => findings(oneIdentity, tunnelYaml(config, runner));

test('a DaemonSet', () => {
  expect(find({ kind: 'DaemonSet' })).toMatchObject([
    {
      at: 'DaemonSet',
      message:
        'every node of DaemonSet vpn/tunnel has the one private key and address 10.219.37.2 of wg0 of ConfigMap vpn/wg: they take the tunnel from each other',
    },
  ]);
});

test('a placeholder is one key as well', () => {
  const found = find({ kind: 'DaemonSet' }, spoke.replace(privateKey, '<private-key>'));
  expect(found[0]?.message).toContain('the one private key and address');
});

test('the address alone', () => {
  const config = spoke.replace(/PrivateKey = .*/, 'PostUp = wg set %i private-key /k');
  expect(find({ kind: 'DaemonSet' }, config)[0]?.message).toContain('has the one address 10.219.37.2 of');
});

test('several replicas', () => {
  const found = find({ kind: 'Deployment', workload: 'replicas: 3' });
  expect(found[0]?.message).toContain('each of the 3 pods of Deployment vpn/tunnel has');
});

test.each<[string, Runner]>([
  ['one replica', { kind: 'Deployment', workload: 'replicas: 1' }],
  ['replicas not said', { kind: 'Deployment' }],
  ['one node', { kind: 'DaemonSet', pod: 'nodeSelector: {kubernetes.io/hostname: edge-1}' }],
  [
    'a file per pod',
    { workload: 'replicas: 3', mount: 'mountPath: /etc/wireguard/wg0.conf, subPathExpr: $(POD).conf' },
  ],
  [
    'an init container makes the file',
    {
      kind: 'DaemonSet',
      pod: 'initContainers: [{name: i, image: i, volumeMounts: [{name: wg, mountPath: /in}]}]',
    },
  ],
])('silent: %s', (_, runner) => expect(find(runner)).toEqual([]));
