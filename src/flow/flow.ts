import type { Address } from '../net/address.ts';
import type { tunnelKinds } from './tunnel-kinds.ts';
import type { Verdict } from './verdict.ts';

/** What an address is known to be. `unknown` means: nothing declared has this address. */
export type IdentityKind = 'workload' | 'service' | 'node' | 'host' | 'peer' | 'loopback' | 'unknown';

/** The name of one end of a flow. */
export interface Identity {
  readonly kind: IdentityKind;
  /** `namespace/name` for Kubernetes objects, the plain name for hosts, `interface/endpoint` for tunnel peers, the address text when unknown. */
  readonly name: string;
  /** Declared name of what was called, a Service mostly, where NAT led on from there to the end of that name. */
  readonly via?: string;
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

/** Whose view of a conversation it is: that of the kernel of one end or of both, or of the network in between. */
export type SeenBy = 'source' | 'destination' | 'both' | 'network';

/** What was counted one way. */
export interface Traffic {
  readonly packets: number;
  /** From the IP header on, as it says itself (RFC 791 total length, RFC 8200 payload length and 40); never the captured length. */
  readonly bytes: number;
  /** All flags of its TCP segments together: the low nine bits as they stand in the header, NS to FIN (RFC 9293, RFC 3540). */
  readonly tcpFlags?: number;
}

/** What carries packets inside others. */
export type TunnelKind = (typeof tunnelKinds)[number];

/** The innermost tunnel that a conversation went through. */
export interface Tunnel {
  readonly kind: TunnelKind;
  /** Key, VNI, TEID, session or label. */
  readonly id?: number;
  /** Outer ends, as the first packet had them; none where the tunnel has no addresses of its own. */
  readonly source?: Address;
  readonly destination?: Address;
}

/** What the ends called one another, as far as it was to be seen. Lengths are bounded. */
export interface FlowNames {
  /** Name that the source had looked up for the destination's address. */
  readonly dns?: string;
  /** Server name (RFC 6066) and first application protocol (RFC 7301) of a TLS ClientHello. */
  readonly tls?: string;
  readonly alpn?: string;
  /** Host of an HTTP request. */
  readonly http?: string;
}

/** An address and port that NAT put in the place of an end. */
export interface TranslatedEnd {
  readonly address: Address;
  readonly port: number;
}

/** Where a flow was seen when not by this machine's own sockets. */
export interface Observation {
  /** Id of the sensor or decoder, e.g. `capture`, `netflow-v9`, `ipfix`, `sflow`, `conntrack`, `zeek`. */
  readonly by: string;
  /** Who told: address of an exporter, name of a file. */
  readonly exporter?: string;
  /** Names or numbers of the interfaces it came in and went out by. */
  readonly input?: string;
  readonly output?: string;
  /** One packet in so many was looked at; `traffic` is multiplied by it already. */
  readonly samplingRate?: number;
}

/** Why a flow record ended (IPFIX element 136, RFC 5102 §5.11.3). */
export type EndReason = 'idle' | 'active' | 'end' | 'forced' | 'no-room';

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
   * that kernel itself sent the RST): then nothing on the way stopped it. False when only the source side was seen. Where somebody between the
   * ends has seen it: when the destination was heard to answer, by anything but a RST, which a filter on the way may have sent as well.
   */
  readonly reachedDestination: boolean;
  /** True for connections that existed before the sensor started. */
  readonly preexisting: boolean;
  readonly verdict?: Verdict;
  /** When the last packet of this record was seen. */
  readonly lastAt?: number;
  /** From source to destination, and back. Absent where nobody counted. */
  readonly sent?: Traffic;
  readonly received?: Traffic;
  /** Of the first ICMP message. */
  readonly icmp?: { readonly type: number; readonly code: number };
  /** VLAN ids of the first packet, the outermost first. */
  readonly vlans?: readonly number[];
  readonly tunnel?: Tunnel;
  readonly names?: FlowNames;
  /** What NAT made of the ends; absent where it left them alone. */
  readonly translated?: { readonly source?: TranslatedEnd; readonly destination?: TranslatedEnd };
  readonly observation?: Observation;
  readonly endReason?: EndReason;
  /** A long flow is told in parts with the same id, counted from 1; absent for one told whole. */
  readonly part?: number;
  /** True where the end is told and the last counts are not: they come as `counted`, see {@link FlowChange}. */
  readonly awaitsCounts?: boolean;
  /** Community ID v1, e.g. `1:LQU9qZlK+B5F3KDmev6m5PMibrg=`. */
  readonly communityId?: string;
}

/**
 * Why a flow is handed on: first seen; its fate is decided (established, refused, unanswered, ...); a part of a long one is over, with
 * what was counted in that part; it ended, with what was counted since the last part; its end was told without counts, which have come now.
 */
export type FlowChange = 'attempted' | 'decided' | 'part' | 'closed' | 'counted';
