import type { Address } from '../net/address.ts';
import type { Process } from './flow.ts';

/** Kinds of kernel records in a {@link KernelBatch}. */
export const KernelRecord = {
  /** sock:inet_sock_set_state of a TCP socket. */
  SocketState: 1,
  /** tcp:tcp_send_reset; `detail` is the kernel's reset reason, `socket` is 0 when no socket was involved. */
  ResetSent: 2,
  /** tcp:tcp_receive_reset: the socket's peer answered with RST. */
  ResetReceived: 3,
  /** sock:inet_sk_error_report; `detail` is the errno. The kernel gives no socket address here, only the tuple. */
  SocketError: 4,
  /** sched:sched_process_fork; `pid` is the parent, `detail` the child. */
  Fork: 5,
  /** sched:sched_process_exec; `detail` is the previous pid. */
  Exec: 6,
  /** sched:sched_process_exit; `detail` is 1 when the whole thread group is gone. */
  Exit: 7,
} as const;

/** TCP socket states as the kernel numbers them (include/net/tcp_states.h). */
export const TcpState = {
  Established: 1,
  SynSent: 2,
  SynReceived: 3,
  FinWait1: 4,
  FinWait2: 5,
  TimeWait: 6,
  Close: 7,
  CloseWait: 8,
  LastAck: 9,
  Listen: 10,
  Closing: 11,
  NewSynReceived: 12,
} as const;

/**
 * Kernel records in time order, one column per field, so that hundreds of thousands a second cost no objects.
 * Only the first `count` entries of each column are valid. Columns that do not apply to a record hold 0.
 */
export interface KernelBatch {
  readonly count: number;
  readonly kind: Uint8Array;
  /** Milliseconds with fraction, kernel monotonic clock (CLOCK_MONOTONIC). */
  readonly time: Float64Array;
  /** The task that was current: the opener for connect and listen, meaningless in softirq context. */
  readonly pid: Int32Array;
  /** Kernel address of the socket, two lanes per record (high, low). Identifies a socket while it lives. */
  readonly socket: Uint32Array;
  /** 4 or 6; IPv4-mapped IPv6 is already turned into 4. */
  readonly family: Uint8Array;
  readonly oldState: Uint8Array;
  readonly newState: Uint8Array;
  /**
   * Local (for ResetSent: sender's) address, four lanes per record as in {@link Address}.
   * For socket records "source" is the kernel's own end, whichever side opened the connection.
   */
  readonly localAddress: Uint32Array;
  readonly remoteAddress: Uint32Array;
  readonly localPort: Uint16Array;
  readonly remotePort: Uint16Array;
  readonly detail: Int32Array;
}

/** A task that the sensor has looked up: thread id to process. */
export interface TaskRecord {
  /** Thread id, as in `KernelBatch.pid`. */
  readonly tid: number;
  readonly process: Process;
}

/** A socket that existed before the sensor started, or a listener. */
export interface ExistingSocket {
  readonly state: number;
  readonly local: { readonly address: Address; readonly port: number };
  readonly remote: { readonly address: Address; readonly port: number };
  readonly netns: number;
  readonly process?: Process;
}

/** The start-up picture: every TCP socket over all network namespaces and each namespace's own addresses. */
export interface Snapshot {
  /** Kernel monotonic milliseconds when it was taken. */
  readonly time: number;
  readonly sockets: readonly ExistingSocket[];
  /** True when some processes or namespaces could not be read. */
  readonly partial: boolean;
}

/** Exact loss counters of a sensor since it started. */
export interface SensorCounters {
  /** Records decoded and handed on. */
  readonly records: number;
  /** Records that the kernel overwrote or dropped before they were read. */
  readonly lost: number;
  /** Records or pages that could not be decoded. */
  readonly undecodable: number;
}

/** What a sensor pushes: records, tasks first seen in them, and the counters at that moment. */
export interface SensorBatch {
  readonly kernel: KernelBatch;
  readonly tasks: readonly TaskRecord[];
  readonly counters: SensorCounters;
}
