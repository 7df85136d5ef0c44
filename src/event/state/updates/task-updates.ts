import { integerOf } from '../../integer.ts';
import { directoryOf, pathBelow } from '../../path.ts';
import type { RawValue } from '../../raw-event.ts';
import { baseDirectory, type PathPlace, pathPlace } from '../base-directory.ts';
import { Thread, trimmed } from '../thread.ts';
import { type CallUpdate, type Get, on, textOf } from './update.ts';

const threadFlag = 1 << 13;
const filesFlag = 1 << 0;
/** `execve` has no directory to begin at but the current one. */
const inCwd: PathPlace = { path: -1, directory: -1 };

/** What calls, starts and ends change of threads. */
export const taskUpdates: readonly CallUpdate[] = [
  on(['chdir'], (_, get, thread) => {
    const path = textOf(get('path'));
    if (integerOf(get('res')) === 0 && path !== undefined) thread.cwd = trimmed(pathBelow(thread.cwd, path));
  }),

  on(['fchdir'], (_, get, thread) => {
    const fd = integerOf(get('fd'));
    const name = fd === undefined ? undefined : thread.descriptors.get(fd)?.name;
    if (integerOf(get('res')) === 0 && name) thread.cwd = trimmed(name);
  }),

  on(['execve', 'execveat'], (_, get, thread, raw) => {
    if (integerOf(get('res')) !== 0) return;
    started(get, thread);
    // Where nothing told of its beginning, that of its program is nearest.
    thread.startTime ??= raw.time;
    thread.env = texts(get('env')) ?? thread.env;
    thread.tty = integerOf(get('tty')) ?? thread.tty;
    thread.vpgid = integerOf(get('vpgid')) ?? thread.vpgid;
    thread.loginuid = integerOf(get('loginuid')) ?? thread.loginuid;
    thread.uid = integerOf(get('uid')) ?? thread.uid;
    thread.gid = integerOf(get('gid')) ?? thread.gid;
    thread.exeFlags = integerOf(get('flags'));
    thread.exeInode = integerOf(get('exe_ino'));
    thread.exeChanged = bigOf(get('exe_ino_ctime'));
    thread.exeModified = bigOf(get('exe_ino_mtime'));
    const filename = textOf(get('trusted_exepath')) ?? textOf(get('filename')) ?? textOf(get('pathname'));
    thread.exepath =
      filename === undefined
        ? exepathOf(thread)
        : pathBelow(baseDirectory(raw, pathPlace(raw.type, 'pathname', 'dirfd') ?? inCwd, thread), filename);
    const [permitted, effective, inheritable] = ['cap_permitted', 'cap_effective', 'cap_inheritable'].map(
      (name) => integerOf(get(name)),
    );
    if (permitted !== undefined && effective !== undefined) {
      thread.capabilities = { permitted, effective, ...(inheritable !== undefined && { inheritable }) };
    }
  }),

  on(['clone', 'clone3', 'fork', 'vfork'], (tables, get, thread, { time }) => {
    const result = integerOf(get('res'));
    if (result === undefined || result < 0) return;
    const flags = integerOf(get('flags')) ?? 0;
    const isThread = (flags & threadFlag) !== 0;
    if (result === 0) {
      // The child's own return: its parent may have told of it before.
      const pid = integerOf(get('pid')) ?? thread.tid;
      thread.pid = pid;
      thread.ptid = integerOf(get('ptid')) ?? thread.ptid;
      const parent = tables.thread(isThread ? pid : thread.ptid);
      if (parent !== undefined && thread.comm === '') thread.inherit(parent);
      if (parent !== undefined) shareDescriptors(thread, parent, flags);
      started(get, thread);
      thread.uid = integerOf(get('uid')) ?? thread.uid;
      thread.gid = integerOf(get('gid')) ?? thread.gid;
      thread.vtid = integerOf(get('vtid')) ?? thread.vtid;
      thread.vpid = integerOf(get('vpid')) ?? thread.vpid;
      thread.startTime ??= time;
      return;
    }
    if (tables.thread(result) !== undefined) return;
    started(get, thread);
    const child = isThread
      ? new Thread(result, thread.pid, thread.ptid)
      : new Thread(result, result, thread.tid);
    child.inherit(thread);
    child.startTime = time;
    shareDescriptors(child, thread, flags);
    tables.add(child);
  }),

  on(['procexit'], (tables, _, thread) => {
    tables.afterwards(() => tables.remove(thread.tid));
  }),

  on(['setuid'], (_, get, thread) => {
    if (integerOf(get('res')) === 0) thread.uid = integerOf(get('uid')) ?? thread.uid;
  }),

  on(['setresuid'], (_, get, thread) => {
    const uid = integerOf(get('euid'));
    if (integerOf(get('res')) === 0 && uid !== undefined && uid !== 0xffffffff) thread.uid = uid;
  }),

  on(['setgid'], (_, get, thread) => {
    if (integerOf(get('res')) === 0) thread.gid = integerOf(get('gid')) ?? thread.gid;
  }),

  on(['setresgid'], (_, get, thread) => {
    const gid = integerOf(get('egid'));
    if (integerOf(get('res')) === 0 && gid !== undefined && gid !== 0xffffffff) thread.gid = gid;
  }),

  on(['setsid'], (_, get, thread) => {
    const sid = integerOf(get('res'));
    if (sid !== undefined && sid >= 0) thread.sid = sid;
  }),
];

/** What starts of programs and processes both tell. */
function started(get: Get, thread: Thread): void {
  thread.exe = textOf(get('exe')) ?? thread.exe;
  thread.comm = textOf(get('comm')) ?? (thread.comm || directoryless(thread.exe));
  thread.args = texts(get('args')) ?? thread.args;
  const cwd = textOf(get('cwd'));
  if (cwd !== undefined && cwd !== '') thread.cwd = trimmed(cwd);
  const pid = integerOf(get('pid'));
  if (pid !== undefined && pid > 0) thread.pid = pid;
  const ptid = integerOf(get('ptid'));
  if (ptid !== undefined && ptid > 0) thread.ptid = ptid;
  const cgroups = texts(get('cgroups'));
  if (cgroups !== undefined && cgroups.length > 0) thread.cgroups = cgroups;
}

function shareDescriptors(child: Thread, parent: Thread, flags: number): void {
  child.descriptors =
    (flags & (threadFlag | filesFlag)) !== 0 ? parent.descriptors : new Map(parent.descriptors);
}

function directoryless(path: string): string {
  return path === ''
    ? ''
    : path.slice(directoryOf(path) === '/' && !path.startsWith('/') ? 0 : path.lastIndexOf('/') + 1);
}

/** The program's path where the event does not tell: of the name that it was started by. */
function exepathOf(thread: Thread): string | undefined {
  return thread.exe.includes('/') ? pathBelow(thread.cwd, thread.exe) : undefined;
}

const decoder = new TextDecoder();

/** Texts of bytes in which each ends with NUL. */
function texts(value: RawValue | undefined): string[] | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  if (value.length === 0) return [];
  return decoder.decode(value.at(-1) === 0 ? value.subarray(0, -1) : value).split('\0');
}

function bigOf(value: RawValue | undefined): bigint | undefined {
  return typeof value === 'bigint' ? value : typeof value === 'number' ? BigInt(value) : undefined;
}
