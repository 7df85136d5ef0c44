import { describe, expect, test } from 'vitest';
import { eventTypeNumber, parametersOf } from '../event-types.ts';
import type { ContainerRecord } from '../state/container.ts';
import { SystemState } from '../state/system-state.ts';
import { syscallSource } from '../syscall-source.ts';

const id = '0123456789ab';
const fullId = id + 'c'.repeat(52);
const record: ContainerRecord = {
  id,
  fullId,
  name: 'reader',
  type: 'containerd',
  image: 'registry.example:5000/edge/sensor:2.1',
  imageId: 'ee',
  imageDigest: 'sha256:dd',
  privileged: true,
  mounts: [
    { source: '/etc', destination: '/host/etc', mode: '', writable: false, propagation: 'private' },
    { source: '/srv/data', destination: '/data', mode: '', writable: true, propagation: 'rslave' },
  ],
  labels: {
    tier: 'edge',
    empty: '',
    'io.kubernetes.pod.name': 'sensor-7',
    'io.kubernetes.pod.namespace': 'field',
    'io.kubernetes.pod.uid': 'u-1',
  },
  podLabels: { app: 'sensor', 'io.kubernetes.x': 'y' },
  podSandboxId: 'f'.repeat(64),
  startTime: 1_000n,
  addresses: ['198.51.100.7', '2001:db8::7'],
  hostNetwork: false,
  hostPid: true,
  hostIpc: false,
};

/** A field of an event in a container, or outside of one. */
function ask(name: string, argument?: string, cgroups = [`memory=/kubepods/${fullId}`], known = record) {
  const state = new SystemState({
    userName: () => undefined,
    groupName: () => undefined,
    container: (wanted) => (wanted === known.id ? known : undefined),
  });
  const process = { comm: 'sh', exe: 'sh', args: [], cwd: '/', uid: 0, gid: 0, descriptors: [] };
  state.seed({ tid: 7, pid: 7, ptid: 1, ...process, cgroups });
  const type = eventTypeNumber('close') as number;
  const params = parametersOf(type).map(() => 0);
  const event = state.apply({ type, time: 5_000n, cpu: 0, tid: 7, params });
  const bound = syscallSource.fields.get(name)?.bind(argument);
  if (typeof bound !== 'function') throw new Error(`no field ${name}`);
  return bound(event);
}

test.each([
  ['container.id', id],
  ['container.full_id', fullId],
  ['container.name', 'reader'],
  ['container.type', 'containerd'],
  ['container.image', 'registry.example:5000/edge/sensor:2.1'],
  ['container.image.repository', 'registry.example:5000/edge/sensor'],
  ['container.image.tag', '2.1'],
  ['container.image.id', 'ee'],
  ['container.image.digest', 'sha256:dd'],
  ['container.privileged', true],
  ['container.host_network', false],
  ['container.host_pid', true],
  ['container.host_ipc', false],
  ['container.ip', '198.51.100.7'],
  ['container.start_ts', 1_000n],
  ['container.duration', 4_000n],
  ['container.labels', 'empty, tier:edge'],
  ['k8s.ns.name', 'field'],
  ['k8s.pod.name', 'sensor-7'],
  ['k8s.pod.uid', 'u-1'],
  ['k8s.pod.labels', 'app:sensor'],
  ['k8s.pod.sandbox_id', 'f'.repeat(12)],
  ['k8s.pod.full_sandbox_id', 'f'.repeat(64)],
  ['k8s.pod.ip', '198.51.100.7'],
  ['container.mounts', '/etc:/host/etc::false:private,/srv/data:/data::true:rslave'],
])('%s', (name, expected) => {
  expect(ask(name)).toEqual(expected);
  // What is not known is missing, other than the id.
  if (name !== 'container.id') expect(ask(name, undefined, undefined, { id: 'x' })).toBeUndefined();
});

test.each([
  ['container.label', 'tier', 'edge'],
  ['container.label', 'none', undefined],
  ['container.label', 'constructor', undefined],
  ['k8s.pod.label', 'app', 'sensor'],
  ['container.mount', '1', '/srv/data:/data::true:rslave'],
  ['container.mount', '2', undefined],
  // By the source, but for the field that asks for it.
  ['container.mount', '/etc', '/etc:/host/etc::false:private'],
  ['container.mount', '/srv/*', '/srv/data:/data::true:rslave'],
  ['container.mount', '/host/etc', undefined],
  ['container.mount.dest', '/etc', '/host/etc'],
  ['container.mount.source', '/host/etc', '/etc'],
  ['container.mount.rdwr', '/srv/data', 'true'],
  ['container.mount.propagation', '/srv/data', 'rslave'],
])('%s[%s]', (name, argument, expected) => {
  expect(ask(name, argument)).toBe(expected);
});

describe('outside of containers', () => {
  test.each(['container.id', 'container.full_id', 'container.name'])('%s is host', (name) => {
    expect(ask(name, undefined, ['memory=/user.slice'])).toBe('host');
  });

  test('nothing is known of an image', () => {
    expect(ask('container.image.repository', undefined, ['memory=/user.slice'])).toBeUndefined();
  });
});
