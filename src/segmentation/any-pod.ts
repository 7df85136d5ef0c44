import type { Outcome } from '../flow/verdict.ts';
import type { Selector } from './label-selector.ts';
import type { Workload } from './model.ts';
import type { DirectedPolicy } from './plan.ts';
import { portsAdmit } from './policy-ports.ts';
import type { Segmentation } from './segmentation.ts';
import { Ternary } from './ternary.ts';

/**
 * Returns what the policies say of a connection to a workload from a pod of which nothing is known, e.g. the proxy of an
 * ingress class that no manifest declares: allowed when every pod would be, denied when none would, else unknown.
 */
export function anyPodOutcome(
  segmentation: Segmentation,
  destination: Workload,
  protocol: number,
  port: number,
): Outcome {
  if (destination.finished) return 'unknown';
  if (destination.hostNetwork) return 'allow';
  const { policies, possible, foreign, admin, baseline } = segmentation.plan('ingress', destination.index);
  const doubtful = [possible, foreign, admin, policies.length === 0 ? baseline : []];
  if (doubtful.some((list) => list.length > 0)) return 'unknown';
  if (policies.length === 0) return 'allow';
  const answer = Math.max(...policies.map((one) => admission(one, destination, protocol, port)));
  return answer === Ternary.Yes ? 'allow' : answer === Ternary.No ? 'deny' : 'unknown';
}

function admission({ rules }: DirectedPolicy, { index }: Workload, protocol: number, port: number): Ternary {
  let best: Ternary = Ternary.No;
  for (const { rule } of rules) {
    if (rule.ports !== undefined && !portsAdmit(rule.ports, protocol, port, index)) continue;
    if (rule.peers === undefined) return Ternary.Yes;
    for (const { namespaceSelector, podSelector } of rule.peers) {
      if (isEverything(namespaceSelector) && (podSelector === undefined || isEverything(podSelector))) {
        return Ternary.Yes;
      }
      best = Ternary.Maybe;
    }
  }
  return best;
}

function isEverything(selector: Selector | undefined): boolean {
  return selector?.length === 0;
}
