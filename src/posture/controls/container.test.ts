import { expect, test } from 'vitest';
import { controlsOf, under, workloadYaml } from './controls.fixture.ts';

test('everything that is asked of a container', () => {
  const container = `image: ghcr.io/a/b:1
command: [run]
args: [--flag, 5]
env: [{name: A, value: b}, {name: C, valueFrom: {fieldRef: {fieldPath: x}}}]
ports: [{name: web, containerPort: 8080, hostPort: 80}, {containerPort: 53, protocol: UDP, hostPort: 0}]
securityContext:
  capabilities: {add: [net_admin, CAP_SYS_ADMIN], drop: [ALL]}
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
resources: {limits: {cpu: 1}}
livenessProbe: {httpGet: {port: 8080}}
volumeMounts: [{name: h, mountPath: /host, readOnly: true}, {name: e, mountPath: /tmp, subPath: a}]`;
  const pod = `hostIPC: true
serviceAccountName: robot
tolerations: [{operator: Exists}, {key: a, value: b, effect: NoSchedule}]
securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
initContainers: [{name: first, image: i}, {name: side, image: i, restartPolicy: Always}]
volumes: [{name: h, hostPath: {path: /etc}}, {name: e, emptyDir: {}}]`;
  const text = workloadYaml(container, pod);
  const { containers, pods } = controlsOf(text);
  expect(containers.map(({ name, role }) => [name, role])).toEqual([
    ['first', 'init'],
    ['side', 'sidecar'],
    ['main', 'main'],
  ]);
  const main = containers[2]!;
  expect(main).toMatchObject({
    image: { registry: 'ghcr.io', repository: 'a/b', tag: '1' },
    hasCommand: true,
    resources: { requests: false, limits: true },
    probes: { liveness: true, readiness: false, startup: false },
    security: {
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: 'RuntimeDefault',
      addedCapabilities: [{ value: 'NET_ADMIN' }, { value: 'SYS_ADMIN' }],
      droppedCapabilities: [{ value: 'ALL' }],
    },
    ports: [
      { value: { name: 'web', containerPort: 8080, hostPort: 80, protocol: 'TCP' } },
      { value: { name: undefined, containerPort: 53, hostPort: undefined, protocol: 'UDP' } },
    ],
    mounts: [
      { value: { volume: 'h', mountPath: '/host', readOnly: true, subPath: undefined, hostPath: '/etc' } },
      { value: { volume: 'e', mountPath: '/tmp', readOnly: false, subPath: 'a', hostPath: undefined } },
    ],
  });
  expect(main.argv.map(({ value, span }) => [value, under(text, span)])).toEqual([
    ['run', 'run'],
    ['--flag', '--flag'],
  ]);
  expect([...main.environment].map(([name, { value }]) => [name, value])).toEqual([['A', 'b']]);
  expect(under(text, main.security.addedCapabilities[1]!.span)).toBe('CAP_SYS_ADMIN');
  expect(under(text, main.at('image'))).toBe('ghcr.io/a/b:1');
  expect(under(text, main.keyAt('resources', 'limits'))).toBe('limits');
  const [facts] = pods;
  expect(facts).toMatchObject({ hostNetwork: false, hostIPC: true, serviceAccount: 'robot' });
  expect(facts!.tolerations.map(({ value }) => value)).toEqual([
    { key: undefined, operator: 'Exists', value: undefined, effect: undefined },
    { key: 'a', operator: 'Equal', value: 'b', effect: 'NoSchedule' },
  ]);
  expect(under(text, facts!.at('hostIPC'))).toBe('true');
});
