import { expect, test } from 'vitest';
import { containerId } from './container-id.ts';

const id = '3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e';

test.each([
  ['docker', `cpu=/docker/${id}`],
  ['docker with systemd', `memory=/system.slice/docker-${id}.scope`],
  ['containerd', `=/kubepods.slice/kubepods-besteffort.slice/cri-containerd-${id}.scope`],
  ['containerd behind a colon', `=/system.slice/containerd.service/kubepods-pod1:cri-containerd:${id}`],
  ['cri-o', `=/kubepods.slice/kubepods-pod1.slice/crio-${id}.scope`],
  ['podman', `=/machine.slice/libpod-${id}.scope`],
  ['podman, a group below', `=/machine.slice/libpod-${id}.scope/container`],
  ['kubepods without systemd', `=/kubepods/burstable/pod1/${id}`],
  ['one of several', `cpuset=/\u0000`.replace('\u0000', '')],
])('%s', (name, cgroup) => {
  expect(containerId(['pids=/user.slice', cgroup])).toBe(name === 'one of several' ? 'host' : '3ad7b26ded6d');
});

test('lxc by its name', () => expect(containerId(['cpu=/lxc.payload.web'])).toBe('web'));
test('the machine itself', () =>
  expect(containerId(['cpu=/system.slice/ssh.service', '=/init.scope'])).toBe('host'));
test('nothing known', () => expect(containerId([])).toBe('host'));
