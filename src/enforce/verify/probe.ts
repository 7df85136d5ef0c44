import type { WirePacket } from '../../firewall/machine/wire-packet.ts';
import { hasPorts, type Packet } from '../../firewall/packet.ts';
import type { ConnectionState, ConnectionStatus } from '../../firewall/ruleset.ts';
import { formatAddress } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import { lengthOf } from '../trial/frames.ts';
import type { Sent } from '../trial/trial-machine.ts';

/** One packet that is tried, with those that have to come before it so that connection tracking knows its connection. */
export interface Probe extends Sent {
  readonly chain: 'INPUT' | 'FORWARD';
  /** Where it leaves; absent for what is for the machine. */
  readonly outInterface?: string;
  /** What tracking is to say of it. */
  readonly state: ConnectionState;
  readonly connection: Pick<Packet, 'direction' | 'statuses' | 'original'>;
  readonly history: readonly Sent[];
  /** Mark of its connection, which its history has given it; none where it is absent. */
  readonly marked?: number;
}

/** Answers to the questions of ICMP that begin a connection (nf_conntrack_proto_icmp.c, nf_conntrack_proto_icmpv6.c). */
export const icmpAnswers: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
  [128, 129],
  [139, 140],
]);
const icmpQuestions = new Map([...icmpAnswers].map(([question, answer]) => [answer, question]));

type Bare = Omit<WirePacket, 'length'>;

/**
 * Returns how a packet can be sent, or a clause that says why it cannot. It is sent as near to what is said as can be: its
 * length is that of its headers.
 */
export function probeOf(packet: Packet, number: number): Probe | string {
  const { chain, source, destination, family, protocol, state, inInterface } = packet;
  if (chain === 'OUTPUT') return 'packets that the machine itself sends are not tried';
  if (packet.isLaterFragment) return 'fragments are not tried';
  if (inInterface === undefined || packet.outInterface === 'lo') return 'nothing is sent out over loopback';
  if (source === undefined || destination === undefined) return 'its ends are not known';
  const { hopLimit = 64, dscp = 0 } = { hopLimit: packet.numbers?.['hop limit'], dscp: packet.numbers?.dscp };
  const bare: Bare = {
    time: 0,
    family,
    protocol,
    source,
    destination,
    hopLimit,
    dscp,
    ...(hasPorts(protocol) && { sourcePort: packet.sourcePort ?? 0, port: packet.port ?? 0 }),
    ...(isIcmp(protocol) && {
      icmpType: packet.icmpType ?? 0,
      icmpCode: packet.icmpCode ?? 0,
      icmpId: number & 0xffff,
    }),
    ...(protocol === Protocol.Tcp && { tcp: segment(packet.tcpFlags ?? 2, 1000, 0) }),
  };
  const made = { ESTABLISHED: established, RELATED: related }[state as string] ?? alone;
  const probe = made(bare, packet);
  if (typeof probe === 'string') return probe;
  const { wire, connection, history } = probe;
  const { outInterface } = packet;
  const sent = (one: Bare, port = inInterface): Sent => ({
    wire: { ...one, length: lengthOf(one) },
    inInterface: port,
  });
  const { mark = 0, 'connection mark': connectionMark = 0 } = packet.numbers ?? {};
  return {
    ...sent(wire),
    ...(mark !== 0 && { mark }),
    // Whatever else it is, tracking takes it for invalid.
    ...(state === 'INVALID' && { isDamaged: true }),
    chain,
    state,
    connection,
    ...(chain === 'FORWARD' && outInterface !== undefined && { outInterface }),
    ...(connectionMark !== 0 && history.length > 0 && { marked: connectionMark }),
    history: history.map((one) => ({
      ...sent(one, one.source === wire.source || chain === 'INPUT' ? inInterface : outInterface),
      ...(connectionMark !== 0 && { connectionMark }),
    })),
  };
}

interface Made {
  readonly wire: Bare;
  readonly connection: Probe['connection'];
  readonly history: readonly Bare[];
}

function alone(wire: Bare, { state }: Packet): Made {
  return {
    wire,
    connection: state === 'NEW' ? { direction: 'original', statuses: new Set() } : {},
    history: [],
  };
}

/** A packet of a connection whose beginning both sides have seen. */
function established(wire: Bare, { direction = 'original' }: Packet): Made | string {
  const isReply = direction === 'reply';
  const back = turned(wire);
  const [asked, answered] = isReply ? [back, wire] : [wire, back];
  const statuses: ConnectionStatus[] = ['seen-reply', 'confirmed'];
  const connection = {
    direction,
    statuses: new Set(statuses),
    original: endsOf(asked),
  };
  if (wire.protocol === Protocol.Tcp) {
    connection.statuses.add('assured');
    const flags = wire.tcp!.flags;
    const [mine, theirs] = isReply ? [5001, 1001] : [1001, 5001];
    return {
      wire: { ...wire, tcp: segment(flags, mine, theirs) },
      connection,
      history: [
        { ...asked, tcp: segment(2, 1000, 0) },
        { ...answered, tcp: segment(18, 5000, 1001) },
        { ...asked, tcp: segment(16, 1001, 5001) },
      ],
    };
  }
  if (!isIcmp(wire.protocol)) return { wire, connection, history: [asked, answered] };
  const type = wire.icmpType!;
  const question = isReply ? icmpQuestions.get(type) : type;
  const answer = question === undefined ? undefined : icmpAnswers.get(question);
  if (question === undefined || answer === undefined) return `no connection has ICMP type ${type} there`;
  return {
    wire,
    connection,
    history: [
      { ...asked, icmpType: question },
      { ...answered, icmpType: answer },
    ],
  };
}

/** An error about a datagram that its receiver got. */
function related(wire: Bare, _packet: Packet): Made | string {
  if (!isIcmp(wire.protocol)) return 'only errors of ICMP are tried as related';
  const { family, source, destination, icmpId = 0 } = wire;
  const ends = {
    family,
    protocol: Protocol.Udp,
    source: destination,
    destination: source,
    sourcePort: 20_000 + (icmpId % 40_000),
    port: 33_434,
  };
  return {
    wire: { ...wire, quoted: ends },
    connection: { direction: 'reply', statuses: new Set(['confirmed']), original: endsOf(ends) },
    history: [{ ...ends, time: 0, hopLimit: 64, dscp: 0 }],
  };
}

/** Returns the packet as rules see it, in the state that it has. */
export function packetOf(
  { wire, inInterface, outInterface, chain, connection, mark = 0, marked = 0 }: Probe,
  state: ConnectionState,
): Packet {
  const { family, protocol, source, destination, sourcePort, port, icmpType, icmpCode, tcp } = wire;
  return {
    family,
    chain,
    protocol,
    source,
    destination,
    state,
    inInterface,
    local: false,
    isLaterFragment: false,
    packetType: 'unicast',
    numbers: {
      mark,
      'connection mark': marked,
      priority: 0,
      length: wire.length,
      'hop limit': wire.hopLimit,
      dscp: wire.dscp ?? 0,
    },
    ...(outInterface !== undefined && { outInterface }),
    ...(hasPorts(protocol) && { sourcePort: sourcePort ?? 0, port: port ?? 0 }),
    ...(isIcmp(protocol) && { icmpType: icmpType ?? 0, icmpCode: icmpCode ?? 0 }),
    ...(tcp && { tcpFlags: tcp.flags }),
    ...connection,
    // A first packet's own ends are those of its connection.
    ...(state === 'NEW' && { original: endsOf(wire) }),
  };
}

/** Returns what tells the connection of a probe from others, the same for both directions. */
export function conversationOf({ wire }: Probe): string {
  const { protocol, source, destination, sourcePort = 0, port = 0, icmpId = 0 } = wire;
  const ends = [`${formatAddress(source)} ${sourcePort}`, `${formatAddress(destination)} ${port}`].sort();
  return `${protocol} ${ends.join(' ')} ${isIcmp(protocol) ? icmpId : ''}`;
}

function isIcmp(protocol: number): boolean {
  return protocol === Protocol.Icmp || protocol === Protocol.Icmpv6;
}

function segment(flags: number, sequence: number, acknowledgement: number) {
  // Only with ACK the number means anything (RFC 9293 §3.1).
  return { flags, sequence, acknowledgement: flags & 16 ? acknowledgement : 0, window: 30_000, payload: 0 };
}

function turned({ source, destination, sourcePort, port, ...rest }: Bare): Bare {
  return {
    ...rest,
    source: destination,
    destination: source,
    ...(port !== undefined && { sourcePort: port }),
    ...(sourcePort !== undefined && { port: sourcePort }),
  };
}

function endsOf({
  source,
  destination,
  sourcePort,
  port,
}: Pick<Bare, 'source' | 'destination' | 'sourcePort' | 'port'>) {
  return {
    source,
    destination,
    ...(sourcePort !== undefined && { sourcePort }),
    ...(port !== undefined && { port }),
  };
}
