import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs';
import type { Process } from '../../flow/flow.ts';
import type { ExistingSocket, Snapshot } from '../../flow/kernel-batch.ts';
import { type ProcNetSocket, parseProcNetSockets } from '../../flow/proc-net-sockets.ts';
import { listProcesses, monotonicMs, networkNamespace, readProcess } from './procfs.ts';

/** Bounds of the start-up picture. */
export interface SnapshotLimits {
  /** Most sockets. */
  readonly sockets: number;
  /** Milliseconds after which owners are no longer looked for. */
  readonly ownersMs: number;
}

const defaultLimits: SnapshotLimits = { sockets: 65_536, ownersMs: 400 };

/** Bytes read at a time. */
const pieceBytes = 32 * 1024;

/** Namespaces that `ip netns` keeps under names. */
const namedNamespaces = '/run/netns';

/** Returns the inode in a descriptor link such as `socket:[12345]`, or 0. */
function socketInode(link: string): number {
  return link.startsWith('socket:[') ? Number(link.slice(8, -1)) : 0;
}

/** One process of each network namespace, by namespace; partial when a living process must not be read. */
function namespaces(pids: readonly number[]): { first: ReadonlyMap<number, number>; partial: boolean } {
  const first = new Map<number, number>();
  let partial = false;
  for (const pid of pids) {
    const netns = networkNamespace(pid);
    if (netns === 'forbidden') partial = true;
    else if (netns !== undefined && !first.has(netns)) first.set(netns, pid);
  }
  return { first, partial };
}

/** Whether a namespace is kept by name only: without a process in it there is no way in from /proc. */
function hasHiddenNamespace(known: ReadonlyMap<number, number>): boolean {
  try {
    return readdirSync(namedNamespaces).some(
      (name) => !known.has(statSync(`${namedNamespaces}/${name}`).ino),
    );
  } catch {
    return false;
  }
}

/** Finds the processes that hold the given sockets; the lowest process id wins. Returns false when out of time. */
function findOwners(
  wanted: Set<number>,
  pids: readonly number[],
  deadline: number,
): [Map<number, Process>, boolean] {
  const owners = new Map<number, Process>();
  for (const pid of pids) {
    if (wanted.size === 0) break;
    if (monotonicMs() > deadline) return [owners, false];
    let descriptors: string[];
    try {
      descriptors = readdirSync(`/proc/${pid}/fd`);
    } catch {
      continue;
    }
    let owner: Process | undefined;
    for (const descriptor of descriptors) {
      let inode = 0;
      try {
        inode = socketInode(readlinkSync(`/proc/${pid}/fd/${descriptor}`));
      } catch {
        continue;
      }
      if (!wanted.has(inode)) continue;
      owner ??= readProcess(pid);
      if (!owner) break;
      wanted.delete(inode);
      owners.set(inode, owner);
    }
  }
  return [owners, true];
}

/** The sockets of a table, read piece by piece: on a busy server it has megabytes. Throws when it cannot be read. */
function* socketsIn(path: string): Generator<ProcNetSocket> {
  const fd = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(pieceBytes);
    let rest = '';
    for (let size = readSync(fd, piece); size > 0; size = readSync(fd, piece)) {
      const text = rest + piece.toString('latin1', 0, size);
      const cut = text.lastIndexOf('\n') + 1;
      rest = text.slice(cut);
      yield* parseProcNetSockets(text.slice(0, cut));
    }
    yield* parseProcNetSockets(rest);
  } finally {
    closeSync(fd);
  }
}

/**
 * Returns the TCP sockets of all network namespaces that have a process, with their owners; not those that only wait
 * in TIME_WAIT. Namespaces that exist
 * by name only (`ip netns add`, nothing running in them) cannot be read from /proc and make the picture `partial`,
 * as do processes that must not be read, and the bounds. Synchronous; takes a few milliseconds on a small machine.
 */
export function takeSnapshot(limits: SnapshotLimits = defaultLimits): Snapshot {
  const time = monotonicMs();
  const pids = listProcesses();
  const { first, partial: unreadable } = namespaces(pids);
  let partial = unreadable || hasHiddenNamespace(first);
  const found: { readonly socket: Omit<ExistingSocket, 'process'>; readonly inode: number }[] = [];
  const wanted = new Set<number>();
  for (const [netns, pid] of first) {
    for (const table of ['tcp', 'tcp6']) {
      try {
        for (const { inode, ...socket } of socketsIn(`/proc/${pid}/net/${table}`)) {
          if (found.length >= limits.sockets) {
            partial = true;
            break;
          }
          found.push({ socket: { ...socket, netns }, inode });
          if (inode > 0) wanted.add(inode);
        }
      } catch {
        // A kernel without IPv6 has no tcp6; anything else means that the process is gone.
        partial ||= table === 'tcp';
      }
    }
  }
  const [owners, inTime] = findOwners(wanted, pids, time + limits.ownersMs);
  const sockets = found.map(({ socket, inode }): ExistingSocket => {
    const process = owners.get(inode);
    return process ? { ...socket, process } : socket;
  });
  return { time, sockets, partial: partial || !inTime };
}
