import { formatDuration } from '../../manifest/host-firewall/values.ts';
import { AddressSet } from '../../net/address-set.ts';
import { formatPrefix, parsePrefix } from '../../net/prefix.ts';
import { shortPrefix } from '../short-prefix.ts';
import type { ActionDefinition } from './definition.ts';
import { addressOf, noAddress, widened } from './which-end.ts';

export const block: ActionDefinition<'block'> = {
  id: 'block',
  title: 'Block an address or a prefix',
  since: '0.2.0',
  doc: `Packets from and to the prefix are dropped on this machine: what comes in, what passes through and what it sends, of both IP versions. The
rules stand before connection tracking (netfilter priority -310), so that connections that are open are cut with their next packet; where conntrack(8)
is there, their entries are deleted, too. The prefix is an element of a set of \`table inet picket_respond\` with a timeout of its own: the kernel ends
the block, whatever became of Picket.

It does not see what is bridged without br_netfilter, ARP, or who changes addresses. An address can be feigned where no answer is needed (UDP, a single
SYN): let a person agree, or name detectors that need answered connections.`,
  plan: ({ end, seconds, width }, trigger) => {
    const address = addressOf(end, trigger);
    if (address === undefined) return noAddress(end);
    const prefix = widened(address, width[address.family]);
    return { kind: 'block', prefix: formatPrefix(prefix), seconds };
  },
  titleOf: ({ prefix, seconds }) => `block ${shortPrefix(prefix)} for ${formatDuration(seconds)}`,
  cuts: ({ prefix }) => AddressSet.ofPrefixes([parsePrefix(prefix)!]),
};
