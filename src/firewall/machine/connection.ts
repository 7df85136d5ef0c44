import type { IntegerRange } from '../../net/integer-set.ts';
import type { Packet } from '../packet.ts';
import type { ConnectionStatus } from '../ruleset.ts';
import type { TcpConnection } from './tcp-connection.ts';
import type { Tuple } from './tuple.ts';

/** A connection that is tracked, from its first packet on. */
export interface Connection {
  readonly original: Tuple;
  /** What answers come as, but for `unclear`. */
  reply: Tuple;
  readonly tcp?: TcpConnection;
  hasAnswered: boolean;
  /** Answered more than two seconds after its beginning: it is no mere question and answer. */
  isStream: boolean;
  readonly begun: number;
  /** Milliseconds, on the time line of the packets. */
  expires: number;
  /** Undefined where rules may have set it. */
  mark: number | undefined;
  /** It has come through all rules, and is in the table. */
  isConfirmed: boolean;
  isSourceDone: boolean;
  isDestinationDone: boolean;
  readonly translated: Set<'snat' | 'dnat'>;
  /** Why it is not known whether it exists, or whether it was answered. */
  doubt?: string;
  /** What of `reply` the kernel chooses. */
  unclear?: Unclear;
}

/** An end of a connection's packets that the kernel chooses: the port, or the address and the port. */
export interface OpenEnd {
  readonly what: 'address' | 'port';
  /** Among which the port, or the identifier of ICMP, is. */
  readonly ports: IntegerRange;
  /** It may also be that nothing changes. */
  readonly mayStay: boolean;
}

/** What of the new ends of a connection is not known, and why. */
export interface Unclear {
  readonly source?: OpenEnd;
  readonly destination?: OpenEnd;
  readonly why: string;
}

/** Returns a connection that its first packet begins. */
export function newConnection(original: Tuple, reply: Tuple, time: number, tcp?: TcpConnection): Connection {
  return {
    original,
    reply,
    ...(tcp && { tcp }),
    hasAnswered: false,
    isStream: false,
    begun: time,
    expires: Number.POSITIVE_INFINITY,
    mark: 0,
    isConfirmed: false,
    isSourceDone: false,
    isDestinationDone: false,
    translated: new Set(),
  };
}

/** Returns what `ct status` says of a connection; undefined where that is not known. */
export function statusesOf(connection: Connection): ReadonlySet<ConnectionStatus> | undefined {
  const { source, destination } = connection.unclear ?? {};
  if (source?.mayStay || destination?.mayStay) return undefined;
  const statuses = new Set<ConnectionStatus>(connection.translated);
  if (connection.hasAnswered) statuses.add('seen-reply');
  if (connection.tcp?.isAssured || connection.isStream) statuses.add('assured');
  if (connection.isConfirmed) statuses.add('confirmed');
  return statuses;
}

/** Returns the ends of the first packet, as rules ask for them. */
export function originalOf({ original }: Connection, withPorts: boolean): NonNullable<Packet['original']> {
  const { source, destination, from, to } = original;
  return withPorts ? { source, destination, sourcePort: from, port: to } : { source, destination };
}
