import type { SeenConversation } from '../../firewall/guard/cut-conversations.ts';
import { parseAddress } from '../../net/address.ts';
import { protocolNumber } from '../../net/protocol.ts';
import { whyNot } from '../../sensor/conntrack/probe.ts';
import { readTrackedTable } from '../../sensor/conntrack/read-table.ts';
import type { Invocation } from '../command.ts';
import type { Io } from '../io.ts';
import { openStoreToRead } from '../query.ts';

/** Conversations, and how many were seen that are not among them. */
interface Seen {
  readonly conversations: readonly SeenConversation[];
  readonly unseen: number;
}

/** So many are looked at, the kernel is given so long, and so far back. */
const [mostLive, mostRecorded] = [16_384, 10_000];
const dumpMs = 5_000;
const recordedMs = 7 * 86_400_000;

/** Conversations that the kernel tracks now. Throws an Error for the user where it does not tell. */
export async function liveConversations(): Promise<Seen> {
  try {
    const { conversations, more } = await readTrackedTable(mostLive, dumpMs);
    return {
      conversations: conversations.map(({ destinationPort, ...rest }) => ({
        ...rest,
        port: destinationPort,
      })),
      unseen: more,
    };
  } catch (error) {
    throw new Error(whyNot(error as Error), { cause: error });
  }
}

/** Conversations of the last seven days in the store, by who asked whom for what. Throws an Error for the user where there is no store. */
export async function recordedConversations(options: Invocation['options'], io: Io): Promise<Seen> {
  const { parseDimensions } = await import('../../flow/ask/parse-dimensions.ts');
  const by = parseDimensions('src-address,dst-address,port,proto');
  if (!('dimensions' in by)) throw new Error('flows cannot be told apart');
  const store = await openStoreToRead(options, io);
  try {
    const since = Date.now() - recordedMs;
    const answer = store.ask({ by: by.dimensions, order: 'flows', top: mostRecorded, since });
    const conversations = answer.groups.flatMap(({ key, flows }) => conversationOf(key, flows));
    return { conversations, unseen: answer.rest.flows + answer.ungrouped };
  } finally {
    store.close();
  }
}

function conversationOf(
  [from = '', to = '', port, protocol = '']: readonly string[],
  count: number,
): SeenConversation[] {
  const [source, destination] = [parseAddress(from), parseAddress(to)];
  const number = protocolNumber(protocol);
  if (source === undefined || destination === undefined || number === undefined) return [];
  return [{ protocol: number, source, destination, port: Number(port), count }];
}
