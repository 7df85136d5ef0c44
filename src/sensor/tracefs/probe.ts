import { readFileSync, readlinkSync } from 'node:fs';
import type { Probe } from '../sensor.ts';
import { readLayout } from './events.ts';
import { openTracefs } from './mount.ts';

/** The initial PID namespace's fixed inode (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
const initialPidNamespace = 'pid:[4026531836]';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Why tracefs cannot be used and what would grant it, one sentence each. */
function reasons(error: unknown): string[] {
  const message = error instanceof Error ? error.message : String(error);
  if (process.platform !== 'linux') return ['kernel tracing needs Linux'];
  if (!/\btracefs$/m.test(read('/proc/filesystems'))) {
    return ['this kernel is built without tracefs: use one with CONFIG_FTRACE and CONFIG_EVENT_TRACING'];
  }
  if (read('/sys/kernel/security/lockdown').includes('[confidentiality]')) {
    return [
      'the kernel is locked down (lockdown=confidentiality): boot with lockdown=integrity or none',
      message,
    ];
  }
  if (process.getuid?.() !== 0) {
    return ['not allowed to use kernel tracing: start as root (for example with sudo)', message];
  }
  if (/permission|not permitted|EPERM|EACCES|denied/i.test(message)) {
    return [
      'root without the right to use kernel tracing: in a container grant CAP_SYS_ADMIN, or mount the host’s /sys/kernel/tracing into it',
      message,
    ];
  }
  return [message];
}

/** Returns what the tracefs sensor can give on this machine; leaves nothing behind. Never throws. */
export function probeTracefs(): Probe {
  let limits: readonly string[];
  try {
    const tracefs = openTracefs();
    try {
      limits = readLayout(tracefs.root).limits;
    } finally {
      tracefs.release();
    }
  } catch (error) {
    return { state: 'unavailable', details: reasons(error) };
  }
  const details = [...limits];
  try {
    if (readlinkSync('/proc/self/ns/pid') !== initialPidNamespace) {
      details.push(
        'inside a PID namespace: process numbers in kernel records cannot be looked up, names may be missing',
      );
    }
  } catch {
    details.push('/proc is not readable: processes are known by task name at most');
  }
  if (details.length > 0) return { state: 'limited', details };
  return {
    state: 'available',
    details: ['TCP connections of all network namespaces, with the opening process'],
  };
}
