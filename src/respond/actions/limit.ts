import { formatDuration } from '../../manifest/host-firewall/values.ts';
import { AddressSet } from '../../net/address-set.ts';
import { formatPrefix, parsePrefix } from '../../net/prefix.ts';
import { shortPrefix } from '../short-prefix.ts';
import type { ActionDefinition } from './definition.ts';
import { addressOf, noAddress, widened } from './which-end.ts';

export const limit: ActionDefinition<'limit'> = {
  id: 'limit',
  title: 'Limit the packets of an address',
  since: '0.2.0',
  doc: `Of the packets that come from the address, as many pass as the rate says; what exceeds it is dropped before connection tracking. Every
response has a rate and an account of its own. The element of the map in \`table inet picket_respond\` that leads to it has a timeout: the kernel ends
the limit, whatever became of Picket.

Replies of this machine are not limited. Whether the limit would cut what somebody needs cannot be told from flows, so that it is looked at as a block.`,
  plan: ({ end, seconds, rate }, trigger) => {
    const address = addressOf(end, trigger);
    if (address === undefined) return noAddress(end);
    return { kind: 'limit', prefix: formatPrefix(widened(address, undefined)), seconds, rate };
  },
  titleOf: ({ prefix, seconds, rate: { count, period } }) =>
    `limit ${shortPrefix(prefix)} to ${count} packets a ${period} for ${formatDuration(seconds)}`,
  cuts: ({ prefix }) => AddressSet.ofPrefixes([parsePrefix(prefix)!]),
};
