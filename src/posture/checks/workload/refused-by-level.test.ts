import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { enforceLabel } from './pod-security.ts';
import { refusedByLevel } from './refused-by-level.ts';
import { daemonSetYaml } from './workload-checks.fixture.ts';

const find = (level: string, container: string, pod = '') =>
  findings(refusedByLevel, daemonSetYaml(container, pod, `${enforceLabel}: ${level}`));
const confined =
  'securityContext: {allowPrivilegeEscalation: false, runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}, capabilities: {drop: [ALL]}}';

test('baseline refuses the host', () => {
  expect(
    find(
      'baseline',
      'securityContext: {privileged: true, capabilities: {add: [NET_ADMIN]}}',
      'hostNetwork: true',
    ),
  ).toEqual([
    {
      at: 'hostNetwork',
      message:
        'no pod of DaemonSet shop/web starts: namespace shop refuses what is not baseline (`hostNetwork`, container main is privileged, container main adds NET_ADMIN)',
      help: `take these out, or move the workload to a namespace of its own with the label \`${enforceLabel}: privileged\``,
    },
  ]);
});

test.each([
  ['ports: [{containerPort: 80, hostPort: 80}]', '', 'container main has host port 80'],
  ['image: a', 'volumes: [{name: v, hostPath: {path: /var}}]', "volume of the machine's /var"],
  [
    'image: a',
    'securityContext: {sysctls: [{name: net.core.somaxconn, value: "1"}]}',
    'sysctl net.core.somaxconn',
  ],
  ['securityContext: {seccompProfile: {type: Unconfined}}', '', 'container main has seccomp Unconfined'],
])('baseline refuses %s %s', (container, pod, text) => {
  expect(find('baseline', container, pod)).toMatchObject([{ message: expect.stringContaining(`(${text})`) }]);
});

test('restricted demands what baseline does not', () => {
  expect(find('restricted', 'image: a')).toMatchObject([
    {
      message: expect.stringContaining(
        '(container main lacks `allowPrivilegeEscalation: false`, container main lacks `capabilities: {drop: [ALL]}`, container main lacks `runAsNonRoot: true` and 1 more)',
      ),
    },
  ]);
  expect(find('baseline', 'image: a')).toEqual([]);
});

test.each([
  ['restricted and confined', find('restricted', confined)],
  ['privileged', find('privileged', 'securityContext: {privileged: true}', 'hostNetwork: true')],
  ['a capability of every container', find('baseline', 'securityContext: {capabilities: {add: [CHOWN]}}')],
  [
    'a sysctl of the pod alone',
    find('baseline', 'image: a', 'securityContext: {sysctls: [{name: net.ipv4.tcp_syncookies, value: "1"}]}'),
  ],
])('silent: %s', (_, found) => expect(found).toEqual([]));
