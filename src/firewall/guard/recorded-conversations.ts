import type { Dimension } from '../../flow/ask/dimension.ts';
import { parseDimensions } from '../../flow/ask/parse-dimensions.ts';
import { parseAddress } from '../../net/address.ts';
import { protocolNumber } from '../../net/protocol.ts';
import type { SeenConversation } from './cut-conversations.ts';

/** Returns what recorded flows are grouped by, so that each group is a conversation: who asked whom for what. */
export function conversationDimensions(): readonly Dimension[] {
  const by = parseDimensions('src-address,dst-address,port,proto');
  if (!('dimensions' in by)) throw new Error('flows cannot be told apart');
  return by.dimensions;
}

/** Returns the conversation that a group by {@link conversationDimensions} of so many flows is; none where its values cannot be read. */
export function conversationOf(
  [from = '', to = '', port, protocol = '']: readonly string[],
  count: number,
): SeenConversation[] {
  const [source, destination] = [parseAddress(from), parseAddress(to)];
  const number = protocolNumber(protocol);
  if (source === undefined || destination === undefined || number === undefined) return [];
  return [{ protocol: number, source, destination, port: Number(port), count }];
}
