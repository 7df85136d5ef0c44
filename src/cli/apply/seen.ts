import type { SeenConversation } from '../../firewall/guard/cut-conversations.ts';
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
  const { conversationDimensions, conversationOf } = await import(
    '../../firewall/guard/recorded-conversations.ts'
  );
  const by = conversationDimensions();
  const store = await openStoreToRead(options, io);
  try {
    const since = Date.now() - recordedMs;
    const answer = store.ask({ by, order: 'flows', top: mostRecorded, since });
    const conversations = answer.groups.flatMap(({ key, flows }) => conversationOf(key, flows));
    return { conversations, unseen: answer.rest.flows + answer.ungrouped };
  } finally {
    store.close();
  }
}
