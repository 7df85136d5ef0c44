import type { SeenConversation } from '../firewall/guard/cut-conversations.ts';
import { type Address, formatAddress, unmapAddress } from '../net/address.ts';
import type { AddressSet } from '../net/address-set.ts';
import { protocolName } from '../net/protocol.ts';
import type { BlastRadius } from './model.ts';

/** Conversations that were seen, and how many more there were. */
export interface SeenFlows {
  readonly conversations: readonly SeenConversation[];
  readonly unseen: number;
  /** Why they could not be read. */
  readonly unknown?: string;
}

const mostExamples = 5;

/**
 * Returns what cutting off some addresses would have cut of these conversations: each of which an end is among them. The cost is that of
 * one look for each.
 */
export function blastRadius(cut: AddressSet, { conversations, unseen, unknown }: SeenFlows): BlastRadius {
  const peers = new Set<string>();
  const examples: string[] = [];
  let [looked, lost] = [0, 0];
  for (const conversation of conversations) {
    const { source, destination, count = 1 } = conversation;
    looked += count;
    const peer = [source, destination].map(unmapAddress).find((address) => cut.contains(address));
    if (peer === undefined) continue;
    lost += count;
    peers.add(formatAddress(peer));
    if (examples.length < mostExamples) examples.push(textOf(conversation));
  }
  return {
    conversations: looked,
    cut: lost,
    peers: peers.size,
    examples,
    unseen,
    ...(unknown !== undefined && { unknown }),
  };
}

/** Returns which share of the conversations is cut, in per cent. */
export function percentCut({ conversations, cut }: BlastRadius): number {
  return conversations === 0 ? 0 : (100 * cut) / conversations;
}

function textOf({ source, destination, port, protocol, count = 1 }: SeenConversation): string {
  const end = (address: Address) => formatAddress(address);
  const target = port === undefined ? end(destination) : `${end(destination)} port ${port}`;
  return `${end(source)} > ${target} ${protocolName(protocol)}${count > 1 ? `, ${count} times` : ''}`;
}
