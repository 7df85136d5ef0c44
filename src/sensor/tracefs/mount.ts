import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, mkdtempSync, openSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A tracefs that can be used. */
export interface Tracefs {
  /** Path of its root, valid in this process only. */
  readonly root: string;
  /** Lets go of it. Idempotent. */
  release(): void;
}

const usualPlaces = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/** Where own mounts are made; /run is root's alone. */
function privateParent(): string {
  return existsSync('/run') ? '/run' : tmpdir();
}

/**
 * Mounts tracefs for this process alone: an open directory keeps it alive after it has been taken out of the mount
 * table again, so that nothing is left behind however the process ends. No options are given: tracefs has one
 * instance, and they would change who may see it elsewhere.
 */
function mountPrivately(): Tracefs {
  const directory = mkdtempSync(join(privateParent(), 'picket-tracefs-'));
  let fd: number | undefined;
  try {
    const mounted = spawnSync('mount', ['-t', 'tracefs', 'tracefs', directory], { encoding: 'utf8' });
    if (mounted.status !== 0) {
      throw new Error(`cannot mount tracefs: ${(mounted.error?.message ?? mounted.stderr).trim()}`);
    }
    try {
      fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    } finally {
      spawnSync('umount', ['-l', directory]);
    }
  } finally {
    rmdirSync(directory);
  }
  return {
    root: `/proc/self/fd/${fd}`,
    release() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

/**
 * Returns the machine's tracefs: where it is usually mounted, else mounted for this process alone, which leaves no
 * trace in the mount table. Throws an Error that says why it cannot be had.
 */
export function openTracefs(): Tracefs {
  for (const root of usualPlaces) {
    if (!existsSync(join(root, 'instances'))) continue;
    accessSync(join(root, 'instances'), constants.W_OK);
    return { root, release() {} };
  }
  return mountPrivately();
}
