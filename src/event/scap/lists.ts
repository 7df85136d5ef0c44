import { addressFromBytes } from '../../net/address.ts';
import type { DescriptorRecord, DescriptorType, SocketEnd, ThreadRecord } from '../raw-event.ts';
import { type Cursor, decodeTexts } from './cursor.ts';

/** A thread of a recording's list, without its descriptors, which stand in lists of their own. */
export type RecordedThread = Omit<ThreadRecord, 'descriptors'>;

/** Where an entry ends whose length, its own four bytes included, comes first. */
function endOfEntry(cursor: Cursor): number {
  const { offset } = cursor;
  return Math.min(offset + cursor.u32(), cursor.end);
}

/** Yields the processes of a block; `version` from 1 to 9, as the type of the block says. */
export function* readThreads(cursor: Cursor, version: number): Generator<RecordedThread> {
  while (cursor.left >= 4) {
    const end = version >= 9 ? endOfEntry(cursor) : undefined;
    const thread = readThread(cursor, version, end);
    if (end !== undefined) cursor.offset = end;
    yield thread;
  }
}

function readThread(cursor: Cursor, version: number, end: number | undefined): RecordedThread {
  const tid = cursor.i64();
  const pid = cursor.i64();
  const ptid = cursor.i64();
  const sid = version >= 6 ? cursor.i64() : undefined;
  const vpgid = version >= 8 ? cursor.i64() : undefined;
  const comm = cursor.text();
  const exe = cursor.text();
  const exepath = version >= 7 ? cursor.text() : undefined;
  const args = decodeTexts(cursor.take(cursor.u16()));
  const cwd = cursor.text();
  cursor.take(8); // limit of descriptors
  cursor.u32(); // flags
  const uid = cursor.u32();
  const gid = cursor.u32();
  const common = { tid, pid, ptid, comm, exe, args, cwd, uid, gid };
  if (version < 2) return common;
  cursor.take(3 * 4 + 2 * 8); // memory and page faults
  const env = version >= 3 ? decodeTexts(cursor.take(cursor.u16())) : undefined;
  const vtid = version >= 4 ? cursor.i64() : undefined;
  const vpid = version >= 4 ? cursor.i64() : undefined;
  const cgroups = version >= 5 ? decodeTexts(cursor.take(cursor.u16())) : undefined;
  if (version >= 5) cursor.text(); // root
  const loginuid = end !== undefined && end - cursor.offset >= 4 ? cursor.i32() : undefined;
  return {
    ...common,
    ...(sid !== undefined && { sid }),
    ...(vpgid !== undefined && { vpgid }),
    ...(exepath !== undefined && { exepath }),
    ...(env && { env }),
    ...(vtid !== undefined && { vtid }),
    ...(vpid !== undefined && { vpid }),
    ...(cgroups && { cgroups }),
    ...(loginuid !== undefined && { loginuid }),
  };
}

const types: readonly DescriptorType[] = [
  'unknown',
  'file',
  'directory',
  'ipv4',
  'ipv6',
  'ipv4',
  'ipv6',
  'fifo',
  'unix',
  'event',
  'unsupported',
  'signal',
  'eventpoll',
  'inotify',
  'timerfd',
  'netlink',
  'file',
  'bpf',
  'userfaultfd',
  'io_uring',
  'memfd',
  'pidfd',
];
/** Numbers of types that carry more than a name. */
const number = { ipv4: 3, ipv6: 4, ipv4Server: 5, ipv6Server: 6, unix: 8, fileWithFlags: 16 } as const;
const protocols: readonly number[] = [0, 6, 17, 1, 255];

/** Returns the thread that a block of descriptors belongs to, and its descriptors. Version 2 gives each its length. */
export function readDescriptors(cursor: Cursor, version: 1 | 2) {
  const tid = cursor.i64();
  const descriptors: DescriptorRecord[] = [];
  while (cursor.left >= 4) {
    const end = version === 2 ? endOfEntry(cursor) : undefined;
    descriptors.push(readDescriptor(cursor));
    if (end !== undefined) cursor.offset = end;
  }
  return { tid, descriptors };
}

function readDescriptor(cursor: Cursor): DescriptorRecord {
  const fd = cursor.i64();
  cursor.take(8); // inode
  const kind = cursor.u8();
  const type = types[kind] ?? 'unknown';
  switch (kind) {
    case number.ipv4:
    case number.ipv6: {
      const size = kind === number.ipv4 ? 4 : 16;
      const [source, destination] = [cursor.take(size), cursor.take(size)];
      const [sport, dport, protocol] = [cursor.u16(), cursor.u16(), cursor.u8()];
      const tuple = {
        kind: 'inet',
        source: endOf(source, sport),
        destination: endOf(destination, dport),
      } as const;
      return { fd, type, name: '', tuple, protocol: protocols[protocol] ?? 0 };
    }
    case number.ipv4Server:
    case number.ipv6Server: {
      const address = cursor.take(kind === number.ipv4Server ? 4 : 16);
      const [port, protocol] = [cursor.u16(), cursor.u8()];
      return { fd, type, name: '', listening: endOf(address, port), protocol: protocols[protocol] ?? 0 };
    }
    case number.unix: {
      const [source, destination, path] = [cursor.u64(), cursor.u64(), cursor.text()];
      return { fd, type, name: path, tuple: { kind: 'unix', source, destination, path } };
    }
    case number.fileWithFlags: {
      cursor.u32();
      return { fd, type, name: cursor.text() };
    }
    default:
      return { fd, type, name: cursor.text() };
  }
}

function endOf(bytes: Uint8Array, port: number): SocketEnd {
  return { address: addressFromBytes(bytes, 0, bytes.length === 4 ? 4 : 6), port };
}

/** A user or a group of the recorded machine. */
export interface RecordedAccount {
  readonly kind: 'user' | 'group';
  readonly id: number;
  readonly name: string;
  readonly home?: string;
  readonly shell?: string;
}

/** Yields users and groups. Version 2 gives each its length. */
export function* readAccounts(cursor: Cursor, version: 1 | 2): Generator<RecordedAccount> {
  while (cursor.left >= 4) {
    const end = version === 2 ? endOfEntry(cursor) : undefined;
    const isUser = cursor.u8() === 0;
    const id = cursor.u32();
    if (isUser) {
      cursor.u32(); // primary group
      yield { kind: 'user', id, name: cursor.text(), home: cursor.text(), shell: cursor.text() };
    } else yield { kind: 'group', id, name: cursor.text() };
    if (end !== undefined) cursor.offset = end;
  }
}
