import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ThreadRecord } from '../../event/raw-event.ts';

/** Returns the processes that are there now, as /proc tells them; those that end meanwhile are left out. */
export function processesNow(bootTime: bigint, ticksPerSecond = 100): ThreadRecord[] {
  const found: ThreadRecord[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const record = processNow(Number(name), bootTime, ticksPerSecond);
    if (record !== undefined) found.push(record);
  }
  return found;
}

/** Returns what /proc tells of one process, or undefined when it is gone. */
export function processNow(pid: number, bootTime: bigint, ticksPerSecond = 100): ThreadRecord | undefined {
  try {
    const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
    const stat = read('stat');
    // The name stands in brackets and may hold anything.
    const comm = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = new Map(
      read('status')
        .split('\n')
        .map((line) => [
          line.slice(0, line.indexOf(':')),
          line
            .slice(line.indexOf(':') + 1)
            .trim()
            .split(/\s+/),
        ]),
    );
    const words = read('cmdline').split('\0');
    const [exe = ''] = words;
    const own = (key: string) => Number(status.get(key)?.at(-1) ?? pid);
    const exepath = link(pid, 'exe');
    const set = (key: string) => Number.parseInt(status.get(key)?.[0] ?? '0', 16);
    return {
      tid: pid,
      pid,
      ptid: Number(fields[1]),
      vpgid: own('NSpgid'),
      sid: Number(fields[3]),
      tty: Number(fields[4]),
      comm,
      exe,
      ...(exepath !== undefined && { exepath: exepath.replace(/ \(deleted\)$/, '') }),
      args: words.slice(1, -1),
      cwd: link(pid, 'cwd') ?? '',
      uid: Number(status.get('Uid')?.[1]),
      gid: Number(status.get('Gid')?.[1]),
      vtid: own('NSpid'),
      vpid: own('NStgid'),
      loginuid: Number(optional(() => read('loginuid')) ?? 0xffff_ffff),
      capabilities: { effective: set('CapEff'), permitted: set('CapPrm'), inheritable: set('CapInh') },
      cgroups: read('cgroup')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
          return `${controllers === '' ? 'cgroup' : controllers}=${path}`;
        }),
      startTime: bootTime + (BigInt(fields[19] ?? 0) * 1_000_000_000n) / BigInt(ticksPerSecond),
      descriptors: [],
    };
  } catch {
    return undefined;
  }
}

function link(pid: number, name: string): string | undefined {
  return optional(() => readlinkSync(`/proc/${pid}/${name}`));
}

function optional<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}
