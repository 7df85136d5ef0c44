import type { Alert } from '../detect/detector.ts';
import type { Address } from '../net/address.ts';
import { formatAddress, parseAddress, sameAddress } from '../net/address.ts';
import type { Trigger } from './model.ts';

/** Returns what an alert is to responses. An end is named only where all example flows of the alert have the same one. */
export function triggerOf(alert: Alert): Trigger {
  const { flows } = alert;
  const source = sameEnd(flows.map((flow) => flow.source.address));
  const destination = sameEnd(flows.map((flow) => flow.destination.address));
  const entity = parseAddress(alert.entity);
  const workload = flows
    .map((flow) => flow.source.identity)
    .find((identity) => identity?.kind === 'workload');
  const task = flows.map((flow) => flow.source.process).find((one) => one !== undefined);
  return {
    alertId: alert.id,
    detector: alert.detector,
    severity: alert.severity,
    title: alert.title,
    since: alert.firstAt,
    at: alert.lastAt,
    ...(source && { source: formatAddress(source) }),
    ...(destination && { destination: formatAddress(destination) }),
    ...(entity && { entity: formatAddress(entity) }),
    ...(workload && { workload: workload.name }),
    ...(task && { process: { pid: task.pid, comm: task.comm } }),
    stages: [...new Set(alert.techniques.map(({ tactic }) => tactic))],
  };
}

function sameEnd([first, ...rest]: readonly Address[]): Address | undefined {
  return first !== undefined && rest.every((one) => sameAddress(one, first)) ? first : undefined;
}
