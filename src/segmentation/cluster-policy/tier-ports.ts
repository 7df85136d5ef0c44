import { PortSet } from '../../net/port-set.ts';
import { has } from '../bitset.ts';
import { admittedPorts } from '../policy-ports.ts';
import type { TierAction, TierRule } from './model.ts';

/** Ports of one protocol by what a tier may do with connections to them; a port in several sets is in doubt. */
export interface TierPorts {
  readonly accept: PortSet;
  readonly deny: PortSet;
  /** The next tier decides. */
  readonly onward: PortSet;
}

/** {@link tierOutcomes} for all ports of one protocol (by number) at once. */
export function tierPorts(
  rules: readonly TierRule[],
  peer: number,
  destination: number,
  protocol: number,
): TierPorts {
  const sets: Record<TierAction, PortSet> = {
    Accept: PortSet.empty,
    Deny: PortSet.empty,
    Pass: PortSet.empty,
  };
  let reached = PortSet.all;
  let at = 0;
  while (at < rules.length && !reached.isEmpty) {
    const { priority } = (rules[at] as TierRule).policy;
    let undecided = PortSet.all;
    while (at < rules.length && (rules[at] as TierRule).policy.priority === priority) {
      const { policy, certain } = rules[at] as TierRule;
      let open = reached;
      for (; at < rules.length && (rules[at] as TierRule).policy === policy; at++) {
        const { yes, maybe, rule, action } = rules[at] as TierRule;
        const surely = has(yes, peer);
        if (!surely && !has(maybe, peer)) continue;
        const matched = admittedPorts(rule.ports, protocol, destination).intersect(open);
        sets[action] = sets[action].union(matched);
        if (surely) open = open.subtract(matched);
      }
      if (certain) undecided = undecided.intersect(open);
    }
    reached = reached.intersect(undecided);
  }
  return { accept: sets.Accept, deny: sets.Deny, onward: sets.Pass.union(reached) };
}
