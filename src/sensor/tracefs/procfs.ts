import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import type { Process } from '../../flow/flow.ts';

/** Longest command line that is kept, in characters. */
const commandLimit = 256;
const cgroupLimit = 512;

/** USER_HZ: the unit of times in /proc, the same on all architectures that Linux and Node share. */
const tickMs = 10;

const scratch = Buffer.allocUnsafe(4096);

/** Returns the first 4 KiB of a /proc file, or undefined when it cannot be read (gone, or not permitted). */
function readHead(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    return scratch.toString('utf8', 0, readSync(fd, scratch, 0, scratch.length, 0));
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Replaces what could steer a terminal or hide text (control, format and line separator characters). */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

/** Returns /proc/PID/cmdline's content as one line of at most 256 characters: arguments joined by blanks. */
export function commandLine(content: string): string {
  const text = printable(content.replace(/\0+$/, '').replaceAll('\0', ' '));
  return text.length > commandLimit ? text.slice(0, commandLimit).toWellFormed() : text;
}

/** Returns the path from /proc/PID/cgroup: the unified hierarchy's (cgroups(7)), else the first one named. */
export function cgroupPath(content: string): string | undefined {
  const lines = content.split('\n').filter((line) => line !== '');
  const line = lines.find((candidate) => candidate.startsWith('0::')) ?? lines[0];
  const path = line?.split(':').slice(2).join(':');
  return path ? printable(path.slice(0, cgroupLimit)) : undefined;
}

/** Returns the number of a namespace link such as `net:[4026531840]`. */
export function namespaceInode(link: string): number | undefined {
  const inode = /^\w+:\[(\d+)\]$/.exec(link)?.[1];
  return inode === undefined ? undefined : Number(inode);
}

/** Returns the inode of a task's network namespace; undefined when the task is gone. */
export function networkNamespace(tid: number): number | 'forbidden' | undefined {
  try {
    return namespaceInode(readlinkSync(`/proc/${tid}/ns/net`));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? 'forbidden' : undefined;
  }
}

/** When a task began, in milliseconds since boot (10 ms steps), or undefined when it is gone. */
export function startOf(tid: number | 'self'): number | undefined {
  const stat = readHead(`/proc/${tid}/stat`);
  // The name, in parentheses, may hold anything; field 22 is the 20th after it (proc_pid_stat(5)).
  const ticks = stat && Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return ticks === undefined || ticks === '' || Number.isNaN(ticks) ? undefined : ticks * tickMs;
}

/** Returns what /proc knows of the process that the thread `tid` belongs to, or undefined when it is gone. */
export function readProcess(tid: number): Process | undefined {
  const group = /^Tgid:\s*(\d+)/m.exec(readHead(`/proc/${tid}/status`) ?? '')?.[1];
  if (group === undefined) return undefined;
  const pid = Number(group);
  const comm = readHead(`/proc/${pid}/comm`) ?? readHead(`/proc/${tid}/comm`);
  if (comm === undefined) return undefined;
  const command = commandLine(readHead(`/proc/${pid}/cmdline`) ?? '');
  const cgroup = cgroupPath(readHead(`/proc/${pid}/cgroup`) ?? '');
  // A thread may have its own network namespace: the socket was made in the thread's.
  const netns = networkNamespace(tid);
  return {
    pid,
    comm: printable(comm.replace(/\n$/, '')),
    ...(command !== '' && { command }),
    ...(typeof netns === 'number' && { netns }),
    ...(cgroup !== undefined && { cgroup }),
  };
}

/** Returns the process ids in /proc, ascending. */
export function listProcesses(): number[] {
  const pids: number[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (Number.isInteger(pid) && pid > 0) pids.push(pid);
  }
  return pids.sort((a, b) => a - b);
}

/** Returns how far the clock of process start times (since boot) is ahead of CLOCK_MONOTONIC, in milliseconds. */
export function suspendedMs(): number {
  const uptime = Number((readHead('/proc/uptime') ?? '').split(' ')[0]) * 1000;
  return Number.isNaN(uptime) ? 0 : uptime - monotonicMs();
}

/** Returns CLOCK_MONOTONIC in milliseconds: the time line of the kernel's `mono` trace clock. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
