import type { ContainerOptions } from '../../src/sensor/cri/containerd.fixture.ts';

/** What a container does of which only the engine tells what kind it is. */
export interface EngineBehaviour {
  readonly raises: readonly string[];
  readonly options: ContainerOptions;
  /** Run by `sh -c` as the first program of the container, which stays. */
  readonly script: string;
}

const privileged = { privileged: true };

/** Behaviours of containers that a real containerd runs, by what it tells of them. */
export const byEngine: readonly EngineBehaviour[] = [
  {
    raises: ['Launch Privileged Container', 'Debugfs Launched in Privileged Container'],
    options: privileged,
    script: 'sleep 1; mkdir /d; ln -s /bin/busybox /d/debugfs; /d/debugfs',
  },
  {
    raises: ['Launch Privileged Container', 'Mount Launched in Privileged Container'],
    options: privileged,
    script: 'sleep 1; mkdir /d; ln -s /bin/busybox /d/mount; /d/mount -t tmpfs none /d',
  },
  {
    raises: ['Launch Sensitive Mount Container'],
    options: { mounts: [{ source: '/etc', destination: '/machine', readonly: true }] },
    script: ':',
  },
];
