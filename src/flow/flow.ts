import type { Address } from '../net/address.ts';
import type { Verdict } from './verdict.ts';

/** What an address is known to be. `unknown` means: nothing declared has this address. */
export type IdentityKind = 'workload' | 'service' | 'node' | 'host' | 'loopback' | 'unknown';

/** The name of one end of a flow. */
export interface Identity {
  readonly kind: IdentityKind;
  /** `namespace/name` for Kubernetes objects, the plain name for hosts, the address text when unknown. */
  readonly name: string;
}

/** A process as it was when the socket was opened. */
export interface Process {
  readonly pid: number;
  /** Kernel task name, at most 15 bytes. */
  readonly comm: string;
  /** Arguments joined by blanks, when they could be read before the process was gone; bounded to 256 characters. */
  readonly command?: string;
  /** Inode of the network namespace, when known. */
  readonly netns?: number;
  /** cgroup path, when known. */
  readonly cgroup?: string;
}

/** One end of a flow. */
export interface End {
  readonly address: Address;
  readonly port: number;
  readonly identity?: Identity;
  readonly process?: Process;
}

/**
 * How far a connection came.
 * attempted: SYN sent, no answer yet. unanswered: no answer for longer than the grace time, still trying.
 * established: handshake complete. refused: answered by RST. timed-out: given up without an answer.
 * unreachable: the network said so (ICMP or no route). aborted: closed locally before any answer.
 * closed: was established and has ended.
 */
export type FlowState =
  | 'attempted'
  | 'unanswered'
  | 'established'
  | 'refused'
  | 'timed-out'
  | 'unreachable'
  | 'aborted'
  | 'closed';

/** Which of the two kernels' views of a connection this machine has seen. */
export type SeenBy = 'source' | 'destination' | 'both';

/** One conversation. Times are milliseconds since the Unix epoch on the agent's monotonic time line. */
export interface Flow {
  /** Unique within one store. */
  readonly id: string;
  /** IP protocol number. */
  readonly protocol: number;
  readonly source: End;
  readonly destination: End;
  readonly state: FlowState;
  readonly seenBy: SeenBy;
  readonly openedAt: number;
  readonly establishedAt?: number;
  readonly closedAt?: number;
  /**
   * True when the destination's own kernel is known to have received the connection (it was accepted there, or
   * that kernel itself sent the RST): then nothing on the way stopped it. False when only the source side was seen.
   */
  readonly reachedDestination: boolean;
  /** True for connections that existed before the sensor started. */
  readonly preexisting: boolean;
  readonly verdict?: Verdict;
}

/** Why a flow is handed on: first seen; its fate is decided (established, refused, unanswered, ...); it ended. */
export type FlowChange = 'attempted' | 'decided' | 'closed';
