import { eventTypeNumber, eventTypes, parameterIndex } from '../event-types.ts';
import { integerOf } from '../integer.ts';
import { directoryOf, pathBelow } from '../path.ts';
import type { Observed, RawEvent, RawValue, ThreadRecord } from '../raw-event.ts';
import { SystemEvent } from '../system-event.ts';
import { baseDirectory } from './base-directory.ts';
import { type Descriptor, descriptor, recordedDescriptor } from './descriptor.ts';
import { openedPath } from './opened-path.ts';
import type { ProcessTable, Surroundings } from './process-table.ts';
import { recordedThread, Thread, trimmed } from './thread.ts';

/** How much is kept. What is more pushes out the oldest, and is counted. */
export interface StateLimits {
  readonly threads: number;
  /** Of one process. */
  readonly descriptors: number;
}

const defaultLimits: StateLimits = { threads: 262_144, descriptors: 4096 };

/** What an event changes; called with the event's own values before fields are asked. */
type Update = (state: SystemState, raw: RawEvent, thread: Thread) => void;

const threadFlag = 1 << 13;
const filesFlag = 1 << 0;

/** Threads and descriptors as the events so far leave them. */
export class SystemState implements ProcessTable {
  readonly surroundings: Surroundings;
  /** Threads that were pushed out because the table was full. */
  evictedThreads = 0;
  evictedDescriptors = 0;
  /** Events of threads that nothing had told of. */
  unknownThreads = 0;
  readonly #limits: StateLimits;
  readonly #threads = new Map<number, Thread>();
  /** What an event takes away, once its fields have been asked. */
  #pending: (() => void) | undefined;
  #number = 0;

  constructor(surroundings: Surroundings, limits: StateLimits = defaultLimits) {
    this.surroundings = surroundings;
    this.#limits = limits;
  }

  get threadCount(): number {
    return this.#threads.size;
  }

  /** Takes in a process that was there before. */
  seed(record: ThreadRecord): void {
    const thread = recordedThread(record);
    const other = record.sharesWith === undefined ? undefined : this.#threads.get(record.sharesWith);
    if (other !== undefined) thread.descriptors = other.descriptors;
    this.add(thread);
  }

  /** All threads, the oldest first, as they are before the next event; the event before it is no longer valid. */
  threads(): IterableIterator<Thread> {
    this.#pending?.();
    this.#pending = undefined;
    return this.#threads.values();
  }

  thread(tid: number): Thread | undefined {
    return this.#threads.get(tid);
  }

  /** The thread that started the process of another one. */
  parentOf(thread: Thread): Thread | undefined {
    const parent = this.#threads.get(thread.ptid);
    return parent === thread ? undefined : parent;
  }

  /** Yields parent, grandparent and so on; a loop among them ends it. */
  *ancestors(thread: Thread): Generator<Thread> {
    let current = this.parentOf(thread);
    for (let depth = 0; current !== undefined && depth < 100; depth++) {
      yield current;
      current = this.parentOf(current);
    }
  }

  /** Returns the event with what it is about, and changes the tables by it. `number` counts from 1 unless given. */
  apply(raw: RawEvent, number: number = this.#number + 1): SystemEvent {
    this.#pending?.();
    this.#pending = undefined;
    this.#number = number;
    const thread = this.#threads.get(raw.tid) ?? this.#unknown(raw.tid);
    updates[raw.type]?.(this, raw, thread);
    const fd = fdOf(raw);
    if (raw.observed !== undefined) this.#look(raw, raw.observed, thread, fd);
    if (fd === undefined || fd < 0) {
      // A file that could not be opened is told by -1, whatever the error was.
      const told = fd !== undefined && opening.has(raw.type) ? -1 : fd;
      const seen = fd === undefined ? raw.observed?.descriptor : undefined;
      return new SystemEvent(number, raw, thread, told, seen && recordedDescriptor(seen), this);
    }
    return new SystemEvent(number, raw, thread, fd, thread.descriptors.get(fd), this);
  }

  add(thread: Thread): void {
    this.#threads.delete(thread.tid);
    if (this.#threads.size >= this.#limits.threads) {
      this.#threads.delete(this.#threads.keys().next().value as number);
      this.evictedThreads++;
    }
    this.#threads.set(thread.tid, thread);
  }

  remove(tid: number): void {
    this.#threads.delete(tid);
  }

  open(thread: Thread, fd: number, opened: Descriptor): void {
    const { descriptors } = thread;
    descriptors.delete(fd);
    if (descriptors.size >= this.#limits.descriptors) {
      descriptors.delete(descriptors.keys().next().value as number);
      this.evictedDescriptors++;
    }
    descriptors.set(fd, opened);
  }

  /** Does something once the fields of the current event have been asked. */
  afterwards(action: () => void): void {
    this.#pending = action;
  }

  /** Takes over what the sensor saw, which is surer than what follows from earlier events. */
  #look(raw: RawEvent, observed: Observed, thread: Thread, fd: number | undefined): void {
    const { session, group, namespacePid, namespaceTid, descriptor: seen } = observed;
    if (session !== undefined) thread.sid = session;
    if (group !== undefined) thread.pgid = group;
    if (namespacePid !== undefined) thread.vpid = namespacePid;
    if (namespaceTid !== undefined) thread.vtid = namespaceTid;
    if (seen === undefined || fd === undefined || fd < 0) return;
    const looked = recordedDescriptor(seen);
    const path = openedPath(raw, thread);
    const known = thread.descriptors.get(fd);
    const role = looked.role ?? (known?.name === looked.name ? known.role : undefined);
    this.open(thread, fd, path === undefined ? { ...looked, role } : { ...looked, ...path });
  }

  #unknown(tid: number): Thread {
    this.unknownThreads++;
    const thread = new Thread(tid);
    this.add(thread);
    return thread;
  }
}

/** The descriptor that an event is about. */
function fdOf({ type, params }: RawEvent): number | undefined {
  const index = fdIndex[type] as number;
  return index < 0 ? undefined : integerOf(params[index]);
}

const fdIndex: Int8Array = Int8Array.from(eventTypes, (name, type) => {
  const own = parameterIndex(type, 'fd');
  if (own !== undefined) return own;
  return ['dup', 'dup2', 'dup3', 'eventfd', 'eventfd2', 'timerfd_create', 'signalfd'].includes(name) ? 0 : -1;
});

const opening: ReadonlySet<number> = new Set(
  ['open', 'openat', 'openat2', 'creat'].map((name) => eventTypeNumber(name) as number),
);

const updates: (Update | undefined)[] = [];

/** The value of a parameter by its name. */
type Get = (name: string) => RawValue | undefined;

function on(
  names: readonly string[],
  update: (state: SystemState, get: Get, thread: Thread, raw: RawEvent) => void,
): void {
  for (const name of names) {
    const type = eventTypeNumber(name) as number;
    let current: RawEvent['params'] = [];
    const get: Get = (parameter) => {
      const index = parameterIndex(type, parameter);
      return index === undefined ? undefined : current[index];
    };
    updates[type] = (state, raw, thread) => {
      current = raw.params;
      update(state, get, thread, raw);
    };
  }
}

function text(value: RawValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

on(['open', 'openat', 'openat2', 'creat'], (state, get, thread, raw) => {
  const fd = integerOf(get('fd'));
  // What the kernel saw of the file is taken over behind this.
  if (fd === undefined || fd < 0 || raw.observed?.descriptor !== undefined) return;
  const path = openedPath(raw, thread);
  if (path === undefined) return;
  const flags = integerOf(get('flags')) ?? 0;
  const type = (flags & (1 << 10)) !== 0 ? 'directory' : 'file';
  const [device, inode] = [integerOf(get('dev')), integerOf(get('ino'))];
  state.open(thread, fd, descriptor({ type, ...path, device, inode }));
});

on(['open_by_handle_at'], (state, get, thread) => {
  const fd = integerOf(get('fd'));
  const path = text(get('path'));
  if (fd !== undefined && fd >= 0 && path !== undefined)
    state.open(thread, fd, descriptor({ type: 'file', name: path, rawName: path }));
});

on(['close'], (state, get, thread) => {
  const fd = integerOf(get('fd'));
  if (fd !== undefined && integerOf(get('res')) === 0) state.afterwards(() => thread.descriptors.delete(fd));
});

on(['socket'], (state, get, thread) => {
  const fd = integerOf(get('fd'));
  if (fd === undefined || fd < 0) return;
  const domain = integerOf(get('domain'));
  const kind = (integerOf(get('type')) ?? 0) & 0xf;
  const type =
    domain === 2
      ? 'ipv4'
      : domain === 10
        ? 'ipv6'
        : domain === 1
          ? 'unix'
          : domain === 16
            ? 'netlink'
            : 'unknown';
  const given = integerOf(get('proto')) ?? 0;
  const protocol =
    kind === 1 ? 6 : kind === 2 ? (given === 1 ? 1 : 17) : kind === 3 ? (given === 1 ? 1 : 255) : given;
  state.open(thread, fd, descriptor({ type, domain, ...((domain === 2 || domain === 10) && { protocol }) }));
});

on(['connect'], (state, get, thread) => {
  const fd = integerOf(get('fd'));
  const open = fd === undefined ? undefined : thread.descriptors.get(fd);
  if (fd === undefined || open === undefined) return;
  const tuple = get('tuple');
  const result = integerOf(get('res')) ?? 0;
  if (typeof tuple === 'object' && 'kind' in tuple && 'source' in tuple) {
    // EINPROGRESS: it may yet succeed.
    const connected = result >= 0 || result === -115;
    state.open(thread, fd, descriptor({ ...open, ...familyOf(tuple), tuple, role: 'client', connected }));
  }
});

on(['accept', 'accept4'], (state, get, thread) => {
  const fd = integerOf(get('fd'));
  const tuple = get('tuple');
  if (fd === undefined || fd < 0 || typeof tuple !== 'object' || !('source' in tuple)) return;
  const protocol = tuple.kind === 'inet' ? { protocol: 6 } : {};
  state.open(
    thread,
    fd,
    descriptor({ ...familyOf(tuple), ...protocol, tuple, role: 'server', connected: true }),
  );
});

on(['sendto', 'sendmsg', 'recvfrom', 'recvmsg'], (state, get, thread, { type }) => {
  const fd = integerOf(get('fd'));
  const open = fd === undefined ? undefined : thread.descriptors.get(fd);
  const tuple = get('tuple');
  if (fd === undefined || open === undefined || typeof tuple !== 'object' || !('source' in tuple)) return;
  const isSending = eventTypes[type]?.startsWith('send') === true;
  const role = open.role ?? (isSending ? 'client' : 'server');
  // A datagram is told from its sender to its receiver, a connection from the client to the server.
  const isTurned = tuple.kind === 'inet' && isSending === (role === 'server');
  const ends = isTurned ? { ...tuple, source: tuple.destination, destination: tuple.source } : tuple;
  state.open(thread, fd, descriptor({ ...open, ...familyOf(tuple), tuple: ends, role }));
});

on(['bind'], (state, get, thread) => {
  const fd = integerOf(get('fd'));
  const open = fd === undefined ? undefined : thread.descriptors.get(fd);
  const address = get('addr');
  if (fd === undefined || open === undefined || integerOf(get('res')) !== 0) return;
  if (typeof address !== 'object' || !('kind' in address) || 'source' in address) return;
  const bound =
    address.kind === 'unix'
      ? { name: address.path }
      : { listening: { address: address.address, port: address.port } };
  state.open(thread, fd, descriptor({ ...open, ...bound }));
});

on(['dup', 'dup2', 'dup3'], (state, get, thread) => {
  const [fd, old] = [integerOf(get('res')), integerOf(get('oldfd'))];
  const open = old === undefined ? undefined : thread.descriptors.get(old);
  if (fd !== undefined && fd >= 0 && open !== undefined) state.open(thread, fd, open);
});

on(['pipe', 'pipe2'], (state, get, thread) => {
  if (integerOf(get('res')) !== 0) return;
  for (const end of [get('fd1'), get('fd2')].map(integerOf)) {
    if (end !== undefined)
      state.open(
        thread,
        end,
        descriptor({ type: 'fifo', name: 'pipe:[…]'.replace('…', String(get('ino') ?? '')) }),
      );
  }
});

on(['socketpair'], (state, get, thread) => {
  if (integerOf(get('res')) !== 0) return;
  for (const end of [get('fd1'), get('fd2')].map(integerOf)) {
    if (end !== undefined) state.open(thread, end, descriptor({ type: 'unix', domain: 1 }));
  }
});

for (const [names, type] of [
  [['eventfd', 'eventfd2'], 'event'],
  [['timerfd_create'], 'timerfd'],
  [['signalfd'], 'signal'],
  [['inotify_init'], 'inotify'],
  [['epoll_create', 'epoll_create1'], 'eventpoll'],
] as const) {
  on(names, (state, get, thread) => {
    const fd = integerOf(get('res'));
    if (fd !== undefined && fd >= 0) state.open(thread, fd, descriptor({ type }));
  });
}

on(['memfd_create'], (state, get, thread) => {
  const fd = integerOf(get('fd'));
  if (fd !== undefined && fd >= 0)
    state.open(thread, fd, descriptor({ type: 'memfd', name: text(get('name')) ?? '' }));
});

on(['chdir'], (_, get, thread) => {
  const path = text(get('path'));
  if (integerOf(get('res')) === 0 && path !== undefined) thread.cwd = trimmed(pathBelow(thread.cwd, path));
});

on(['fchdir'], (_, get, thread) => {
  const fd = integerOf(get('fd'));
  const name = fd === undefined ? undefined : thread.descriptors.get(fd)?.name;
  if (integerOf(get('res')) === 0 && name) thread.cwd = trimmed(name);
});

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
  const filename = text(get('trusted_exepath')) ?? text(get('filename')) ?? text(get('pathname'));
  thread.exepath =
    filename === undefined
      ? exepathOf(thread)
      : pathBelow(baseDirectory(raw, 'pathname', 'dirfd', thread), filename);
  const [permitted, effective, inheritable] = ['cap_permitted', 'cap_effective', 'cap_inheritable'].map(
    (name) => integerOf(get(name)),
  );
  if (permitted !== undefined && effective !== undefined) {
    thread.capabilities = { permitted, effective, ...(inheritable !== undefined && { inheritable }) };
  }
});

on(['clone', 'clone3', 'fork', 'vfork'], (state, get, thread, { time }) => {
  const result = integerOf(get('res'));
  if (result === undefined || result < 0) return;
  const flags = integerOf(get('flags')) ?? 0;
  const isThread = (flags & threadFlag) !== 0;
  if (result === 0) {
    // The child's own return: its parent may have told of it before.
    const pid = integerOf(get('pid')) ?? thread.tid;
    thread.pid = pid;
    thread.ptid = integerOf(get('ptid')) ?? thread.ptid;
    const parent = state.thread(isThread ? pid : thread.ptid);
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
  if (state.thread(result) !== undefined) return;
  started(get, thread);
  const child = isThread
    ? new Thread(result, thread.pid, thread.ptid)
    : new Thread(result, result, thread.tid);
  child.inherit(thread);
  child.startTime = time;
  shareDescriptors(child, thread, flags);
  state.add(child);
});

on(['procexit'], (state, _, thread) => {
  state.afterwards(() => state.remove(thread.tid));
});

on(['setuid'], (_, get, thread) => {
  if (integerOf(get('res')) === 0) thread.uid = integerOf(get('uid')) ?? thread.uid;
});

on(['setresuid'], (_, get, thread) => {
  const uid = integerOf(get('euid'));
  if (integerOf(get('res')) === 0 && uid !== undefined && uid !== 0xffffffff) thread.uid = uid;
});

on(['setgid'], (_, get, thread) => {
  if (integerOf(get('res')) === 0) thread.gid = integerOf(get('gid')) ?? thread.gid;
});

on(['setresgid'], (_, get, thread) => {
  const gid = integerOf(get('egid'));
  if (integerOf(get('res')) === 0 && gid !== undefined && gid !== 0xffffffff) thread.gid = gid;
});

on(['setsid'], (_, get, thread) => {
  const sid = integerOf(get('res'));
  if (sid !== undefined && sid >= 0) thread.sid = sid;
});

/** What starts of programs and processes both tell. */
function started(get: Get, thread: Thread): void {
  thread.exe = text(get('exe')) ?? thread.exe;
  thread.comm = text(get('comm')) ?? (thread.comm || directoryless(thread.exe));
  thread.args = texts(get('args')) ?? thread.args;
  const cwd = text(get('cwd'));
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

function familyOf(tuple: { readonly kind: 'inet' | 'unix' } & Partial<{ source: unknown }>) {
  if (tuple.kind === 'unix') return { type: 'unix', domain: 1 } as const;
  const { source } = tuple as { readonly source: { readonly address: { readonly family: 4 | 6 } } };
  return source.address.family === 4
    ? ({ type: 'ipv4', domain: 2 } as const)
    : ({ type: 'ipv6', domain: 10 } as const);
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
