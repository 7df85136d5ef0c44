import { conversationDimensions, conversationOf } from '../../firewall/guard/recorded-conversations.ts';
import { TooLargeQuestion } from '../../flow/ask/query.ts';
import { parseFlowFilter } from '../../flow/filter.ts';
import type { AddressSet } from '../../net/address-set.ts';
import { formatPrefix } from '../../net/prefix.ts';
import { blastRadius } from '../../respond/blast-radius.ts';
import type { BlastRadius } from '../../respond/model.ts';
import type { Store } from '../../store/store.ts';

const dayMs = 86_400_000;
/** So far back; less where there are too many flows to be looked at while the agent waits. */
const spans = [7 * dayMs, dayMs, dayMs / 24];
/** Rows that are looked at at once. */
const mostRows = 2_000_000;
const mostGroups = 1000;
/** Conversations that were had: who never answered loses nothing. */
const answered = 'state=established,closed';

/**
 * Returns what cutting off some addresses would have cut of the conversations in the store that began before `since` (ms since the epoch), over
 * seven days, or over less where there are too many. Where the store cannot tell, the answer says so.
 */
export function blastOf(store: Pick<Store, 'ask'>, cut: AddressSet, since: number): BlastRadius {
  for (const span of spans) {
    try {
      return within(store, cut, since - span, since);
    } catch (error) {
      if (error instanceof TooLargeQuestion) continue;
      return nothing((error as Error).message);
    }
  }
  return nothing('there are too many flows in the last hour');
}

function within(store: Pick<Store, 'ask'>, cut: AddressSet, since: number, until: number): BlastRadius {
  const by = conversationDimensions();
  const range = { since, until, order: 'flows' as const, atMost: mostRows };
  const all = store.ask({ ...range, filter: filterOf(answered), by: [], top: 1 });
  const touched = cut.prefixes().map((prefix) =>
    store.ask({
      ...range,
      filter: filterOf(`${answered} ip=${formatPrefix(prefix)}`),
      by,
      top: mostGroups,
    }),
  );
  const damaged = all.damaged + touched.reduce((sum, one) => sum + one.damaged, 0);
  if (damaged > 0) return nothing(`${damaged} parts of the store cannot be read`);
  const conversations = touched.flatMap(({ groups }) =>
    groups.flatMap(({ key, flows }) => conversationOf(key, flows)),
  );
  const unseen = touched.reduce((sum, { rest, ungrouped }) => sum + rest.flows + ungrouped, 0);
  return { ...blastRadius(cut, { conversations, unseen }), conversations: all.total.flows };
}

function filterOf(text: string) {
  const result = parseFlowFilter(text);
  if (!result.ok) throw new Error(`not a filter: ${text}`);
  return result.tree;
}

function nothing(unknown: string): BlastRadius {
  return { conversations: 0, cut: 0, peers: 0, examples: [], unseen: 0, unknown };
}
