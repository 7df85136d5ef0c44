import type { Capabilities, ThreadRecord } from '../raw-event.ts';
import { containerId } from './container-id.ts';
import { type Descriptor, recordedDescriptor } from './descriptor.ts';

/** Descriptors of one process, shared by its threads. */
export type DescriptorTable = Map<number, Descriptor>;

const noArguments: readonly string[] = [];

/** A thread, as the events so far tell. Threads of a process share what belongs to the process. */
export class Thread {
  readonly tid: number;
  pid: number;
  ptid: number;
  comm = '';
  exe = '';
  exepath: string | undefined;
  args = noArguments;
  /** Without a slash at its end, but for `/`. */
  cwd = '';
  env: readonly string[] = [];
  uid: number | undefined;
  gid: number | undefined;
  loginuid: number | undefined;
  sid: number | undefined;
  vtid: number | undefined;
  vpid: number | undefined;
  pgid: number | undefined;
  vpgid: number | undefined;
  tty: number | undefined;
  capabilities: Capabilities = {};
  /** Bits of the last start of a program (`is_exe_…`); undefined when it was not seen. */
  exeFlags: number | undefined;
  exeInode: number | undefined;
  exeChanged: bigint | undefined;
  exeModified: bigint | undefined;
  /** Nanoseconds since the epoch. */
  startTime: bigint | undefined;
  descriptors: DescriptorTable = new Map();
  #cgroups: readonly string[] = [];
  /** What {@link argumentLine} was made of, and the line. */
  #joined: readonly string[] = noArguments;
  #argumentLine = '';
  /** What {@link commandLine} was made of beside that, and the line. */
  #named: string | undefined;
  #commandLine = '';
  #containerId: string | undefined;

  constructor(tid: number, pid = tid, ptid = -1) {
    this.tid = tid;
    this.pid = pid;
    this.ptid = ptid;
  }

  get cgroups(): readonly string[] {
    return this.#cgroups;
  }

  set cgroups(cgroups: readonly string[]) {
    this.#cgroups = cgroups;
    this.#containerId = undefined;
  }

  get containerId(): string {
    this.#containerId ??= containerId(this.#cgroups);
    return this.#containerId;
  }

  get isLeader(): boolean {
    return this.tid === this.pid;
  }

  /** The arguments in one line. */
  get argumentLine(): string {
    if (this.#joined !== this.args) {
      this.#joined = this.args;
      this.#argumentLine = this.args.join(' ');
      this.#named = undefined;
    }
    return this.#argumentLine;
  }

  /** The words of the command, the program's own name first. */
  get commandLine(): string {
    const line = this.argumentLine;
    if (this.#named !== this.comm) {
      this.#named = this.comm;
      this.#commandLine = this.args.length === 0 ? this.comm : `${this.comm} ${line}`;
    }
    return this.#commandLine;
  }

  /** Takes over what a child has from its parent. */
  inherit(parent: Thread): void {
    this.comm = parent.comm;
    this.exe = parent.exe;
    this.exepath = parent.exepath;
    this.args = parent.args;
    this.cwd = parent.cwd;
    this.env = parent.env;
    this.uid = parent.uid;
    this.gid = parent.gid;
    this.loginuid = parent.loginuid;
    this.sid = parent.sid;
    this.pgid = parent.pgid;
    this.vpgid = parent.vpgid;
    this.tty = parent.tty;
    this.capabilities = parent.capabilities;
    this.exeFlags = parent.exeFlags;
    this.exeInode = parent.exeInode;
    this.exeChanged = parent.exeChanged;
    this.exeModified = parent.exeModified;
    this.cgroups = parent.cgroups;
  }
}

/** Returns the thread of a record that was there before the first event. */
export function recordedThread(record: ThreadRecord): Thread {
  const thread = new Thread(record.tid, record.pid, record.ptid);
  const { comm, exe, args, cwd, uid, gid, descriptors } = record;
  Object.assign(thread, { comm, exe, args, cwd: trimmed(cwd), uid, gid });
  thread.exepath = record.exepath;
  thread.env = record.env ?? [];
  thread.sid = record.sid;
  thread.vtid = record.vtid;
  thread.vpid = record.vpid;
  thread.vpgid = record.vpgid;
  thread.loginuid = record.loginuid;
  thread.tty = record.tty;
  thread.startTime = record.startTime;
  thread.pgid = record.pgid;
  thread.capabilities = record.capabilities ?? {};
  thread.exeFlags = record.exeFlags;
  thread.exeInode = record.exeInode;
  thread.exeChanged = record.exeChanged;
  thread.exeModified = record.exeModified;
  thread.cgroups = record.cgroups ?? [];
  thread.descriptors = new Map(descriptors.map((one) => [one.fd, recordedDescriptor(one)]));
  return thread;
}

/** Returns a directory without the slash at its end. */
export function trimmed(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
