import type { Capabilities, DescriptorRecord, ThreadRecord } from '../raw-event.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readDescriptor, writeDescriptor } from './descriptor-record.ts';
import { readBig } from './value.ts';

/** What a thread may have beside its names, in the order in which it is written; new ones go to the end. */
const numbers = [
  'sid',
  'vpgid',
  'vtid',
  'vpid',
  'loginuid',
  'tty',
  'uid',
  'gid',
  'pgid',
  'exeFlags',
  'exeInode',
  'sharesWith',
] as const;
const times = ['startTime', 'exeChanged', 'exeModified'] as const;
const lists = ['env', 'cgroups'] as const;
const sets = ['effective', 'permitted', 'inheritable'] as const;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Writes a thread; of the parts that are not there only a bit stands. */
export function writeThread(to: ByteWriter, thread: ThreadRecord): void {
  const { exepath, capabilities } = thread;
  to.number(thread.tid);
  to.number(thread.pid);
  to.number(thread.ptid);
  to.text(thread.comm);
  to.text(thread.exe);
  to.texts(thread.args);
  to.text(thread.cwd);
  const given = [
    ...numbers.map((name) => thread[name] !== undefined),
    ...times.map((name) => thread[name] !== undefined),
    ...lists.map((name) => thread[name] !== undefined),
    exepath !== undefined,
    capabilities !== undefined,
    ...sets.map((name) => capabilities?.[name] !== undefined),
  ];
  to.u32(given.reduce((bits, one, index) => bits | (one ? 1 << index : 0), 0));
  for (const name of numbers) if (thread[name] !== undefined) to.number(thread[name]);
  for (const name of times) if (thread[name] !== undefined) to.bigint(thread[name]);
  for (const name of lists) if (thread[name] !== undefined) to.texts(thread[name]);
  if (exepath !== undefined) to.text(exepath);
  for (const name of sets) if (capabilities?.[name] !== undefined) to.number(capabilities[name]);
  to.varint(thread.descriptors.length);
  for (const one of thread.descriptors) writeDescriptor(to, one);
}

/** Throws a RangeError on what is no thread. */
export function readThread(from: ByteReader): ThreadRecord {
  const [tid, pid, ptid] = [from.number(), from.number(), from.number()];
  const [comm, exe, args, cwd] = [from.text(), from.text(), from.texts(), from.text()];
  const bits = from.u32();
  let bit = 0;
  const next = () => ((bits >>> bit++) & 1) !== 0;
  const thread: Mutable<ThreadRecord> = {
    ...{ tid, pid, ptid, comm, exe, args, cwd, uid: undefined, gid: undefined, descriptors: [] },
  };
  for (const name of numbers) if (next()) thread[name] = from.number();
  for (const name of times) if (next()) thread[name] = readBig(from);
  for (const name of lists) if (next()) thread[name] = from.texts();
  if (next()) thread.exepath = from.text();
  if (next()) {
    const capabilities: Mutable<Capabilities> = {};
    for (const name of sets) if (next()) capabilities[name] = from.number();
    thread.capabilities = capabilities;
  }
  const descriptors: DescriptorRecord[] = [];
  // The least descriptor takes five bytes.
  for (let count = from.count(5); count > 0; count--) descriptors.push(readDescriptor(from));
  thread.descriptors = descriptors;
  return thread;
}
