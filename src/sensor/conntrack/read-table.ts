import { ConntrackDecoder, dumpRequest } from '../../flow/conntrack/decoder.ts';
import type { ConntrackEntry } from '../../flow/conntrack/entry.ts';
import { type Address, ipv4, ipv6 } from '../../net/address.ts';
import { NetlinkError, NetlinkSocket, Received } from './netlink-socket.ts';

/** A conversation that the kernel tracks, as rules for filtering see its first packet: the source before NAT, the destination after it. */
export interface TrackedConversation {
  /** IP protocol number. */
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  /** 0 where the protocol has none. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** The table of connection tracking at one moment. */
export interface TrackedTable {
  readonly conversations: readonly TrackedConversation[];
  /** How many more there are. */
  readonly more: number;
  /** The kernel told all of it. */
  readonly isComplete: boolean;
}

const sequence = 1;

/**
 * Reads the table of connection tracking once, in the network namespace of the process: `most` conversations, the rest is
 * counted, in at most `milliseconds`. Throws a NetlinkError, e.g. without CAP_NET_ADMIN.
 */
export async function readTrackedTable(most: number, milliseconds: number): Promise<TrackedTable> {
  const conversations: TrackedConversation[] = [];
  let [more, isOver, isComplete, refused] = [0, false, false, 0];
  const decoder = new ConntrackDecoder({
    entry(entry) {
      if (conversations.length < most) conversations.push(conversationOf(entry));
      else more++;
    },
    dumped(_, interrupted) {
      isOver = true;
      isComplete = !interrupted;
    },
    refused(_, errno) {
      isOver = errno !== 0;
      refused = errno;
    },
    overrun() {},
  });
  const socket = new NetlinkSocket(0);
  try {
    socket.askBuffer(2 ** 21);
    socket.send(dumpRequest(sequence));
    const until = performance.now() + milliseconds;
    while (!isOver && performance.now() < until) {
      const { bytes } = socket;
      const received = socket.receive((start, end) => decoder.decode(bytes, start, end));
      if (received !== Received.Messages) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  } finally {
    socket.close();
  }
  if (refused !== 0) throw new NetlinkError('request', refused);
  return { conversations, more, isComplete };
}

function conversationOf({ family, original, reply, hasReply }: ConntrackEntry): TrackedConversation {
  return {
    protocol: original.protocol,
    source: addressOf(original.source, family),
    destination: addressOf(hasReply ? reply.source : original.destination, family),
    sourcePort: original.sourcePort,
    destinationPort: hasReply ? reply.sourcePort : original.destinationPort,
  };
}

function addressOf(
  [a = 0, b = 0, c = 0, d = 0]: Iterable<number> & ArrayLike<number>,
  family: number,
): Address {
  return family === 4 ? ipv4(d) : ipv6(a, b, c, d);
}
