import type { Alert } from '../detect/detector.ts';
import type { Address } from '../net/address.ts';
import { formatAddress, parseAddress, sameAddress } from '../net/address.ts';
import type { Trigger } from './model.ts';

/**
 * What began so shortly before is taken for the attack's own: a detector fires when it has seen enough, and what it saw until then, an open port that a
 * scan found say, is nothing that anybody would miss. ms.
 */
const leadMs = 600_000;

/** Returns what an alert is to responses. An end is named only where there is exactly one. */
export function triggerOf(alert: Alert): Trigger {
  const { flows } = alert;
  const source = endOf(alert, 'actor');
  const destination = endOf(alert, 'target');
  const entity = parseAddress(alert.entity);
  const workload = flows
    .map((flow) => flow.source.identity)
    .find((identity) => identity?.kind === 'workload');
  const task = flows.map((flow) => flow.source.process).find((one) => one !== undefined);
  return {
    alertId: alert.id,
    ...(alert.incident !== undefined && { incidentId: alert.incident }),
    detector: alert.detector,
    severity: alert.severity,
    title: alert.title,
    since:
      Math.min(alert.firstAt, alert.beganAt ?? alert.firstAt, ...flows.map(({ openedAt }) => openedAt)) -
      leadMs,
    at: alert.lastAt,
    ...(source && { source: formatAddress(source) }),
    ...(destination && { destination: formatAddress(destination) }),
    ...(entity && { entity: formatAddress(entity) }),
    ...(workload && { workload: workload.name }),
    ...(task && { process: { pid: task.pid, comm: task.comm } }),
    stages: [...new Set(alert.techniques.map(({ tactic }) => tactic))],
  };
}

/** By the flows, where there are some; else whom the alert names, as one that logs of services gave rise to does. */
function endOf({ flows, entities = [] }: Alert, role: 'actor' | 'target'): Address | undefined {
  if (flows.length > 0)
    return sameEnd(flows.map(({ source, destination }) => (role === 'actor' ? source : destination).address));
  const named = entities.filter((one) => one.role === role && one.kind === 'address');
  return sameEnd(named.flatMap(({ name }) => parseAddress(name) ?? []));
}

function sameEnd([first, ...rest]: readonly Address[]): Address | undefined {
  return first !== undefined && rest.every((one) => sameAddress(one, first)) ? first : undefined;
}
