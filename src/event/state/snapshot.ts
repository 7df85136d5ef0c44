import type { DescriptorRecord, ThreadRecord } from '../raw-event.ts';
import type { Descriptor } from './descriptor.ts';
import type { SystemState } from './system-state.ts';
import type { DescriptorTable, Thread } from './thread.ts';

/** Yields all threads as records from which another state can be seeded, so that both say the same of every later event. */
export function* snapshot(state: SystemState): Generator<ThreadRecord> {
  const owners = new Map<DescriptorTable, number>();
  for (const thread of state.threads()) {
    const owner = owners.get(thread.descriptors);
    if (owner === undefined) owners.set(thread.descriptors, thread.tid);
    yield threadRecord(thread, owner);
  }
}

/** Returns a thread as a record; `sharesWith` is a thread that has the same table of descriptors. */
export function threadRecord(thread: Thread, sharesWith?: number): ThreadRecord {
  const { tid, pid, ptid, comm, exe, exepath, args, cwd, env, uid, gid, cgroups, capabilities } = thread;
  const { loginuid, sid, vtid, vpid, pgid, vpgid, tty, startTime } = thread;
  const { exeFlags, exeInode, exeChanged, exeModified } = thread;
  const shares = sharesWith !== undefined && sharesWith !== tid;
  return {
    ...{ tid, pid, ptid, comm, exe, args, cwd, env, uid, gid, cgroups, capabilities },
    ...(exepath !== undefined && { exepath }),
    ...(loginuid !== undefined && { loginuid }),
    ...(sid !== undefined && { sid }),
    ...(vtid !== undefined && { vtid }),
    ...(vpid !== undefined && { vpid }),
    ...(pgid !== undefined && { pgid }),
    ...(vpgid !== undefined && { vpgid }),
    ...(tty !== undefined && { tty }),
    ...(startTime !== undefined && { startTime }),
    ...(exeFlags !== undefined && { exeFlags }),
    ...(exeInode !== undefined && { exeInode }),
    ...(exeChanged !== undefined && { exeChanged }),
    ...(exeModified !== undefined && { exeModified }),
    ...(shares && { sharesWith }),
    descriptors: shares ? [] : [...thread.descriptors].map(([fd, one]) => descriptorRecord(fd, one)),
  };
}

function descriptorRecord(fd: number, one: Descriptor): DescriptorRecord {
  const { type, name, rawName, tuple, listening, domain, protocol, role, connected, device, inode } = one;
  return {
    ...{ fd, type, name },
    ...(rawName !== undefined && { rawName }),
    ...(tuple !== undefined && { tuple }),
    ...(listening !== undefined && { listening }),
    ...(domain !== undefined && { domain }),
    ...(protocol !== undefined && { protocol }),
    ...(role !== undefined && { role }),
    ...(device !== undefined && { device }),
    ...(inode !== undefined && { inode }),
    connected,
  };
}
