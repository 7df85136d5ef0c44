import type { Ruleset } from '../firewall/ruleset.ts';
import { PortSet } from '../net/port-set.ts';
import { foldOutcomes } from '../segmentation/explain.ts';
import { readFirewalls } from './firewalls.ts';
import { hostFirewallLayer } from './layers/host-firewall.ts';
import type { Declared } from './posture.ts';
import type { Question } from './question.ts';

/** Ports that the host firewalls let pass, and those of which no manifest tells; all others are denied. */
export interface HostFirewallPorts {
  readonly allowed: PortSet;
  readonly unknown: PortSet;
}

/**
 * Returns what the host firewall layer says of a connection for all ports: rules tell ports apart at the bounds of
 * their port ranges only, so that one port of each stretch between stands for it.
 */
export function hostFirewallPorts(question: Omit<Question, 'port'>, declared: Declared): HostFirewallPorts {
  const firewalls = readFirewalls(declared.controls);
  let [allowed, unknown] = [PortSet.empty, PortSet.empty];
  for (const { from, to } of stretches(firewalls.map(({ ruleset }) => ruleset))) {
    const reasons = hostFirewallLayer.judge({ ...question, port: from }, declared);
    const outcome = foldOutcomes(reasons.map((reason) => reason.outcome));
    const ports = PortSet.range(from, to);
    if (outcome === 'allow') allowed = allowed.union(ports);
    if (outcome === 'unknown') unknown = unknown.union(ports);
  }
  return { allowed, unknown };
}

/** Stretches of ports between which the rules make no difference. */
function stretches(rulesets: readonly Ruleset[]): { readonly from: number; readonly to: number }[] {
  const starts = new Set([0]);
  for (const { tables } of rulesets) {
    for (const { chains } of tables) {
      for (const { rules } of chains.values()) {
        for (const match of rules.flatMap(({ matches }) => matches)) {
          if (!('ports' in match)) continue;
          for (const { from, to } of match.ports.ranges()) starts.add(from).add(to + 1);
        }
      }
    }
  }
  const sorted = [...starts].filter((port) => port <= 65535).sort((a, b) => a - b);
  return sorted.map((from, index) => ({ from, to: (sorted[index + 1] ?? 65536) - 1 }));
}
