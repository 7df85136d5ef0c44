import { expect, test } from 'vitest';
import { workloadYaml } from '../../controls/controls.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { onHostNetwork } from './on-host-network.ts';
import { enforceLabel } from './pod-security.ts';
import { daemonSetYaml } from './workload-checks.fixture.ts';

const find = (text: string) => findings(onHostNetwork, text);
const onHost = 'hostNetwork: true';
const policy =
  '---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {podSelector: {}}\n';
const meshed =
  '---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, namespace: shop}\nspec: {}\n';

test('in a namespace that nobody declares', () => {
  expect(find(policy + meshed + daemonSetYaml('image: a', onHost))).toEqual([
    {
      at: 'hostNetwork',
      message:
        "DaemonSet shop/web is on the machine's network, out of reach of NetworkPolicies and the mesh; if the cluster enforces Pod Security, no pod starts: namespace shop is declared nowhere",
      help: `where the host's network is needed: declare Namespace shop with the label \`${enforceLabel}: privileged\`, keep other pods out of it, and bound the ports with the machine's firewall; else take out \`hostNetwork\``,
    },
  ]);
});

test('in a namespace without a level', () => {
  expect(find(daemonSetYaml('image: a', onHost, 'team: edge'))).toMatchObject([
    {
      message:
        "DaemonSet shop/web is on the machine's network; if the cluster enforces Pod Security, no pod starts: namespace shop does not name the level privileged",
      help: expect.stringContaining('give Namespace shop the label'),
    },
  ]);
});

test('once for a namespace', () => {
  const two =
    daemonSetYaml('image: a', onHost) + workloadYaml('image: a', onHost).replace('name: web', 'name: dns');
  expect(find(two)).toMatchObject([
    { message: expect.stringMatching(/^DaemonSet shop\/web, Deployment shop\/dns are on/) },
  ]);
});

test.each([
  ['the namespace says so', daemonSetYaml('image: a', onHost, `${enforceLabel}: privileged`)],
  [
    'it refuses them, which is told by itself',
    daemonSetYaml('image: a', onHost, `${enforceLabel}: baseline`),
  ],
  ['a network of its own', daemonSetYaml('image: a')],
])('silent: %s', (_, text) => expect(find(text)).toEqual([]));
