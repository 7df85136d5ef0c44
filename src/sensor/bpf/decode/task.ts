import { eventTypeNumber, parametersOf } from '../../../event/event-types.ts';
import type { Observed, RawValue } from '../../../event/raw-event.ts';
import { execRecord, execSlot, forkRecord, record } from '../record.ts';
import type { DecodedCall } from './call.ts';
import type { RecordReader } from './record-reader.ts';

/** Types of events of tasks that programs of their own tell. */
export const taskTypes = {
  execve: eventTypeNumber('execve') as number,
  clone: eventTypeNumber('clone') as number,
  procexit: eventTypeNumber('procexit') as number,
} as const;

const [cloneFiles, cloneThread] = [1 << 0, 1 << 13];
/** Magic numbers of file systems (linux/magic.h). */
const magic = { memory: 0x01021994n, overlay: 0x794c7630n } as const;
const groupWritable = 0o020;
const othersWritable = 0o002;
/** Bits of `proc.is_exe_…` in the flags of a start. */
const exeFlag = { writable: 1, upperLayer: 2, memoryOnly: 4, lowerLayer: 8 } as const;
const nanoseconds = 1_000_000_000n;
const encoder = new TextEncoder();
/** A text without its end, as there is one for each start. */
const utf8 = new TextDecoder();

const execAt = positions('execve');
const cloneAt = positions('clone');

function positions(name: keyof typeof taskTypes): Readonly<Record<string, number>> {
  const parameters = parametersOf(taskTypes[name]);
  return Object.fromEntries(parameters.map((parameter, index) => [parameter.name, index]));
}

/** Puts values where a type has them. */
function placed(
  at: Readonly<Record<string, number>>,
  values: Readonly<Record<string, RawValue | undefined>>,
): (RawValue | undefined)[] {
  const params: (RawValue | undefined)[] = new Array(Object.keys(at).length).fill(undefined);
  for (const name in values) params[at[name] as number] = values[name];
  return params;
}

/** Reads a start of a program that succeeded. */
export function decodeStart(reader: RecordReader): DecodedCall {
  const { view, at } = reader;
  const start = reader.start(execSlot.process);
  if (reader.length(execSlot.process) < execRecord.size)
    return { params: placed(execAt, { res: 0 }), observed: {} };
  const u32 = (offset: number) => view.getUint32(start + offset, true);
  const u64 = (offset: number) => view.getBigUint64(start + offset, true);
  const words = reader.copy(execSlot.arguments) ?? new Uint8Array();
  const first = words.indexOf(0);
  const isMemory = isMemoryOnly(reader, start);
  const params = placed(execAt, {
    res: 0,
    exe: utf8.decode(first < 0 ? words : words.subarray(0, first)),
    args: first < 0 ? new Uint8Array() : words.subarray(first + 1),
    tid: view.getUint32(at + record.tid, true),
    pid: view.getUint32(at + record.pid, true),
    ptid: u32(execRecord.parent),
    cwd: reader.pathBetween(reader.start(execSlot.directory), reader.end(execSlot.directory)),
    comm: reader.name(start + execRecord.comm, start + execRecord.ownerGroup),
    cgroups: encoder.encode(`cgroup=${reader.path(execSlot.cgroup) ?? '/'}\0`),
    env: reader.copy(execSlot.environment),
    tty: u32(execRecord.tty),
    vpgid: u32(execRecord.namespaceGroup),
    loginuid: u32(execRecord.loginUid),
    flags: exeFlags(reader, start, isMemory),
    cap_inheritable: Number(u64(execRecord.inheritable)),
    cap_permitted: Number(u64(execRecord.permitted)),
    cap_effective: Number(u64(execRecord.effective)),
    exe_ino: Number(u64(execRecord.inode)),
    exe_ino_ctime: u64(execRecord.changedSeconds) * nanoseconds + BigInt(u32(execRecord.changedNanoseconds)),
    exe_ino_mtime:
      u64(execRecord.modifiedSeconds) * nanoseconds + BigInt(u32(execRecord.modifiedNanoseconds)),
    uid: u32(execRecord.uid),
    gid: u32(execRecord.gid),
    pgid: u32(execRecord.group),
    trusted_exepath: isMemory
      ? fileName(reader, start)
      : reader.pathBetween(reader.start(execSlot.program), reader.end(execSlot.program)),
    filename: reader.text(execSlot.fileName),
  });
  const observed: Observed = {
    session: u32(execRecord.session),
    group: u32(execRecord.group),
    namespacePid: u32(execRecord.namespacePid),
    namespaceTid: u32(execRecord.namespaceTid),
  };
  return { params, observed };
}

function fileName(reader: RecordReader, start: number): string {
  return reader.name(start + execRecord.fileName, start + execRecord.fileNameEnd);
}

function isMemoryOnly(reader: RecordReader, start: number): boolean {
  const isMemory = reader.view.getBigUint64(start + execRecord.magic, true) === magic.memory;
  return isMemory && fileName(reader, start).startsWith('memfd:');
}

/** Bits of `proc.is_exe_…`: writable by its user, in an upper layer, in memory alone, in a lower layer. */
function exeFlags({ view }: RecordReader, start: number, isMemory: boolean): number {
  const u32 = (offset: number) => view.getUint32(start + offset, true);
  const mode = view.getUint16(start + execRecord.mode, true);
  const [uid, gid] = [u32(execRecord.uid), u32(execRecord.gid)];
  const isWritable =
    uid === 0 ||
    uid === u32(execRecord.owner) ||
    (gid === u32(execRecord.ownerGroup) && (mode & groupWritable) !== 0) ||
    (mode & othersWritable) !== 0;
  const isOverlay = view.getBigUint64(start + execRecord.magic, true) === magic.overlay;
  const isUpper = isOverlay && view.getBigUint64(start + execRecord.upper, true) !== 0n;
  return (
    (isWritable ? exeFlag.writable : 0) |
    (isUpper ? exeFlag.upperLayer : 0) |
    (isMemory ? exeFlag.memoryOnly : 0) |
    (isOverlay && !isUpper ? exeFlag.lowerLayer : 0)
  );
}

/** Reads a new thread or process, in its own name. */
export function decodeFork(reader: RecordReader): DecodedCall {
  const { view, at } = reader;
  const start = reader.start(0);
  if (reader.length(0) < forkRecord.size) return { params: placed(cloneAt, { res: 0 }), observed: {} };
  const [tid, pid] = [view.getUint32(at + record.tid, true), view.getUint32(at + record.pid, true)];
  const sharesFiles =
    view.getBigUint64(start + forkRecord.files, true) ===
    view.getBigUint64(start + forkRecord.parentFiles, true);
  const params = placed(cloneAt, {
    res: 0,
    tid,
    pid,
    ptid: view.getUint32(start + forkRecord.parent, true),
    comm: reader.name(start + forkRecord.comm, start + forkRecord.size),
    flags: (tid === pid ? 0 : cloneThread) | (sharesFiles ? cloneFiles : 0),
    vtid: view.getUint32(start + forkRecord.namespaceTid, true),
    vpid: view.getUint32(start + forkRecord.namespacePid, true),
  });
  return { params, observed: {} };
}

/** Reads the end of a thread: its status as wait(2) tells it. */
export function decodeEnd(reader: RecordReader): DecodedCall {
  const status = reader.view.getUint32(reader.at + record.result, true);
  const params = [status, (status >>> 8) & 0xff, status & 0x7f, (status >>> 7) & 1];
  return { params, observed: {} };
}
