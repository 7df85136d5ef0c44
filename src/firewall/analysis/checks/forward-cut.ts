import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import { filterOf, usesNft } from '../filtering.ts';
import { ownersIn } from '../owners.ts';

/** A filter of FORWARD on a machine with pods or containers. */
export const forwardCut: FirewallCheck = {
  code: 'PKT1220',
  title: 'Forwarding cut on a machine with containers',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `Whatever goes to pods and containers, comes from them, or passes between them and other machines meets FORWARD: published
ports and host ports too, since their destination is rewritten before. These rules drop there what they do not name, and name
nothing. Rules that the network plugin or the container engine puts before them may still accept, but which stand first hangs on
who came last; and in nft a chain that drops is final, whatever another chain accepts.

Accept the networks of the pods in both directions before the rule that drops; better, leave FORWARD to the network plugin and say
with NetworkPolicies what pods may do.`,
  example: {
    bad: 'iptables -P FORWARD DROP',
    good: 'iptables -A FORWARD -s 10.42.0.0/16 -j ACCEPT\niptables -A FORWARD -d 10.42.0.0/16 -j ACCEPT\niptables -P FORWARD DROP',
  },
  run(firewall) {
    const { ruleset, machine } = firewall;
    const owners = ownersIn(ruleset).filter(({ kind }) => kind === 'cluster' || kind === 'containers');
    if (owners.length === 0 && !machine.isClusterNode) return [];
    const filter = filterOf(ruleset, machine.family, 'FORWARD');
    if (filter === undefined) return [];
    const whose =
      owners.length === 0 ? 'pods' : `pods and containers (${owners.map(({ name }) => name).join(', ')})`;
    return [
      diagnose(forwardCut, {
        message: `what is forwarded is dropped, and nothing before it accepts ${whose}: they lose the network unless rules of others come first`,
        span: firewall.span(filter.at),
        help: usesNft(ruleset)
          ? 'accept their networks in both directions before it: `ip saddr 10.42.0.0/16 accept`, `ip daddr 10.42.0.0/16 accept`; or leave FORWARD alone'
          : 'accept their networks in both directions before it: `-s 10.42.0.0/16 -j ACCEPT`, `-d 10.42.0.0/16 -j ACCEPT`; or leave FORWARD alone',
      }),
    ];
  },
};
