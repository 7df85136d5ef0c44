import type { Address } from '../net/address.ts';

/** Both ends of a socket, the one that opened the connection first; of a Unix socket two kernel addresses and a path. */
export type SocketTuple =
  | { readonly kind: 'inet'; readonly source: SocketEnd; readonly destination: SocketEnd }
  | { readonly kind: 'unix'; readonly source: bigint; readonly destination: bigint; readonly path: string };

export interface SocketEnd {
  readonly address: Address;
  readonly port: number;
}

/** An address that was given to `bind` or `connect`. */
export type SocketAddress =
  | ({ readonly kind: 'inet' } & SocketEnd)
  | { readonly kind: 'unix'; readonly path: string };

/** A parameter of an event: integers beyond 2^53 are bigints. */
export type RawValue =
  | number
  | bigint
  | string
  | Uint8Array
  | SocketTuple
  | SocketAddress
  | readonly PolledDescriptor[];

export interface PolledDescriptor {
  readonly fd: number;
  readonly flags: number;
}

/**
 * One event as a sensor or a recording gives it: one for each system call, when it returns. `params` stand in the order of
 * `parametersOf(type)`; what is not known is undefined.
 */
export interface RawEvent {
  readonly type: number;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly cpu: number;
  readonly tid: number;
  readonly params: readonly (RawValue | undefined)[];
  /** What the sensor saw beside the parameters; undefined where nothing but the events tells. */
  readonly observed?: Observed;
}

/** What a sensor looked up in the kernel when the call returned, so that it need not follow from earlier events. */
export interface Observed {
  /** The descriptor that the call is about. */
  readonly descriptor?: DescriptorRecord;
  /** Directories below which the paths among the parameters stand, by the number of the parameter. */
  readonly bases?: readonly (string | undefined)[];
  /** Numbers of the session and the process group. */
  readonly session?: number;
  readonly group?: number;
  /** Numbers of process and thread as they see them themselves. */
  readonly namespacePid?: number;
  readonly namespaceTid?: number;
}

/** Sets of bits (capabilities(7)). */
export interface Capabilities {
  readonly effective?: number;
  readonly permitted?: number;
  readonly inheritable?: number;
}

/** A process or thread that was there before the first event. */
export interface ThreadRecord {
  readonly tid: number;
  readonly pid: number;
  readonly ptid: number;
  readonly sid?: number;
  readonly vpgid?: number;
  readonly comm: string;
  readonly exe: string;
  readonly exepath?: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Undefined where nothing has told. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly env?: readonly string[];
  readonly vtid?: number;
  readonly vpid?: number;
  readonly cgroups?: readonly string[];
  readonly loginuid?: number;
  readonly tty?: number;
  /** Sets of bits (capabilities(7)). */
  readonly capabilities?: Capabilities;
  /** Nanoseconds since the epoch. */
  readonly startTime?: bigint;
  /** Number of the process group. */
  readonly pgid?: number;
  /** Of the program, as the start of it told: bits (`is_exe_…`), inode, and changes in nanoseconds since the epoch. */
  readonly exeFlags?: number;
  readonly exeInode?: number;
  readonly exeChanged?: bigint;
  readonly exeModified?: bigint;
  /** A thread before this one whose descriptors are this one's too; `descriptors` is then empty. */
  readonly sharesWith?: number;
  readonly descriptors: readonly DescriptorRecord[];
}

/** An open descriptor of such a process. */
export interface DescriptorRecord {
  readonly fd: number;
  readonly type: DescriptorType;
  readonly name: string;
  readonly tuple?: SocketTuple;
  readonly listening?: SocketEnd;
  /** IP protocol number of a socket. */
  readonly protocol?: number;
  /** Address family of a socket, as Linux numbers it. */
  readonly domain?: number;
  /** Which end of the tuple the process is, where that is known. */
  readonly role?: 'client' | 'server';
  readonly device?: number;
  readonly inode?: number;
  /** The path as it was given to the call that opened it. */
  readonly rawName?: string;
  /** Whether a connection came about; where it is not said, a socket with both ends is connected. */
  readonly connected?: boolean;
}

export type DescriptorType =
  | 'unknown'
  | 'file'
  | 'directory'
  | 'ipv4'
  | 'ipv6'
  | 'fifo'
  | 'unix'
  | 'event'
  | 'unsupported'
  | 'signal'
  | 'eventpoll'
  | 'inotify'
  | 'timerfd'
  | 'netlink'
  | 'bpf'
  | 'userfaultfd'
  | 'io_uring'
  | 'memfd'
  | 'pidfd';
