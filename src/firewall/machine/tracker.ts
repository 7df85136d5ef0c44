import type { Address } from '../../net/address.ts';
import { sameAddress } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { ConnectionState } from '../ruleset.ts';
import { type Connection, newConnection } from './connection.ts';
import { ConnectionTable } from './connection-table.ts';
import { areFlagsPossible, TcpConnection } from './tcp-connection.ts';
import { invert, isIcmp, isQuestion, type Tuple, tupleOf } from './tuple.ts';
import type { WirePacket } from './wire-packet.ts';

/** What connection tracking says of a packet. */
export interface Tracked {
  readonly state: ConnectionState;
  readonly connection?: Connection;
  readonly isAnswer: boolean;
  /** Why it is not known. */
  readonly doubt?: string;
}

const seconds = 1000;
const invalid: Tracked = { state: 'INVALID', isAnswer: false };
const untracked: Tracked = { state: 'UNTRACKED', isAnswer: false };

/** Types of ICMP that speak of another packet (RFC 792; RFC 4443 §2.1). */
const errors4: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
/** Neighbour discovery and multicast listeners, which are never tracked (nf_conntrack_proto_icmpv6.c). */
const untracked6: ReadonlySet<number> = new Set([130, 131, 132, 133, 134, 135, 136, 143]);

/**
 * Connection tracking of a machine (nf_conntrack(5) of the kernel's documentation, and its behaviour): TCP with states and
 * windows, UDP, ICMP with its errors, other protocols by their addresses. Expectations of helpers (FTP, SIP) are not
 * followed, nor are SCTP and DCCP.
 */
export class Tracker {
  readonly table: ConnectionTable;
  readonly #isLoose: boolean;

  constructor(capacity: number, isLoose: boolean) {
    this.table = new ConnectionTable(capacity);
    this.#isLoose = isLoose;
  }

  /** Returns the state of a packet, and notes what it does to its connection. */
  track(packet: WirePacket): Tracked {
    const { protocol, family, icmpType = 0, tcp } = packet;
    if (protocol === Protocol.Sctp || protocol === 33)
      return { ...invalid, doubt: 'connections of SCTP and DCCP are not followed' };
    if (isIcmp(packet)) {
      if (family === 6 && untracked6.has(icmpType)) return untracked;
      if (family === 4 ? errors4.has(icmpType) : icmpType < 128) return this.#error(packet);
      if (family === 4 && icmpType > 18) return invalid;
    }
    if (protocol === Protocol.Tcp && (tcp === undefined || !areFlagsPossible(tcp.flags))) return invalid;
    return this.#lookUp(packet, tupleOf(packet));
  }

  #lookUp(packet: WirePacket, tuple: Tuple): Tracked {
    const found = this.table.find(tuple, packet.time);
    if (found === undefined) {
      const unclear = this.table.findUnclear(tuple, packet.time);
      if (unclear === undefined) return this.#begin(packet, tuple);
      this.table.answerUnclear(tuple);
      return { ...invalid, doubt: unclear.unclear!.why };
    }
    const { connection, isAnswer } = found;
    const { doubt } = connection;
    const hadAnswered = connection.hasAnswered;
    if (connection.tcp !== undefined) {
      const verdict = connection.tcp.take(packet.tcp!, isAnswer, hadAnswered);
      if (verdict === 'invalid') return doubt === undefined ? invalid : { ...invalid, doubt };
      if (verdict === 'reopened') {
        this.table.remove(connection);
        return doubtful(this.#lookUp(packet, tuple), doubt);
      }
      // Where it is not known whether it was answered, it may stay.
      if (verdict === 'removed' && doubt === undefined) this.table.remove(connection);
      if (verdict === 'belongs') connection.expires = packet.time + connection.tcp.timeout * seconds;
    } else this.#refresh(connection, packet);
    if (isAnswer) connection.hasAnswered = true;
    const state = isAnswer || hadAnswered ? 'ESTABLISHED' : 'NEW';
    return { state, connection, isAnswer, ...(doubt !== undefined && { doubt }) };
  }

  #begin(packet: WirePacket, tuple: Tuple): Tracked {
    const reply = invert(tuple);
    if (reply === undefined) return invalid;
    if (isIcmp(packet) && !isQuestion(packet.family, packet.icmpType)) return invalid;
    if (packet.protocol !== Protocol.Tcp) {
      const connection = newConnection(tuple, reply, packet.time);
      this.#refresh(connection, packet);
      return { state: 'NEW', connection, isAnswer: false };
    }
    const tcp = TcpConnection.begunBy(packet.tcp!, this.#isLoose);
    if (tcp === undefined) return invalid;
    const connection = newConnection(tuple, reply, packet.time, tcp);
    if (tcp.take(packet.tcp!, false, false) === 'invalid') return invalid;
    connection.expires = packet.time + tcp.timeout * seconds;
    return { state: 'NEW', connection, isAnswer: false };
  }

  #refresh(connection: Connection, { protocol, time }: WirePacket): void {
    const isUdp = protocol === Protocol.Udp || protocol === 136;
    if (isUdp && connection.hasAnswered && time > connection.begun + 2 * seconds) connection.isStream = true;
    const timeout = connection.isStream ? 120 : isUdp || protocol === 1 || protocol === 58 ? 30 : 600;
    connection.expires = time + timeout * seconds;
  }

  /** An error belongs to the connection of the packet that it quotes, when it goes to who sent that. */
  #error({ quoted, destination, time }: WirePacket): Tracked {
    const answer = quoted && invert(tupleOf(quoted));
    if (answer === undefined) return invalid;
    const found = this.table.find(answer, time);
    if (found === undefined) {
      const unclear = this.table.findUnclear(answer, time);
      return unclear === undefined ? invalid : { ...invalid, doubt: unclear.unclear!.why };
    }
    const { connection, isAnswer } = found;
    if (!isFor(connection, isAnswer, destination)) return invalid;
    const { doubt } = connection;
    return { state: 'RELATED', connection, isAnswer, ...(doubt !== undefined && { doubt }) };
  }
}

/** What is not known of a connection is not known of the one that takes its place. */
function doubtful(tracked: Tracked, doubt: string | undefined): Tracked {
  if (doubt === undefined) return tracked;
  if (tracked.connection !== undefined) tracked.connection.doubt ??= doubt;
  return { ...tracked, doubt };
}

function isFor({ original, reply }: Connection, isAnswer: boolean, destination: Address): boolean {
  const tuple = isAnswer ? reply : original;
  return sameAddress(tuple.destination, destination);
}
