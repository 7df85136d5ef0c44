import type { Direction, Outcome, Reason, Verdict } from '../flow/verdict.ts';
import { sameAddress } from '../net/address.ts';
import { type Endpoint, endpointText, nodesOf, type PeerView, viewOf } from './endpoint.ts';
import { layer } from './explain-network-policies.ts';
import { explainPolicies } from './explain-policies.ts';
import { namedPorts, type Service, type Workload, workloadName } from './model.ts';
import { openPlan } from './plan.ts';
import { type ApiProtocol, apiProtocols, protocolText } from './protocol.ts';
import { type Segmentation, shareNode } from './segmentation.ts';
import { hidesClientAddress } from './services.ts';
import { Ternary } from './ternary.ts';

type WorkloadEnd = Extract<Endpoint, { kind: 'workload' }>;

/**
 * Returns what the NetworkPolicies say of a connection, with the reason for the source's egress and for the
 * destination's ingress, as far as these ends are pods. `protocol` is an API name or an IP protocol number; `port` is
 * the port on the destination itself: of a Service, judge the pods behind it.
 */
export function verdict(
  segmentation: Segmentation,
  source: Endpoint,
  destination: Endpoint,
  protocol: ApiProtocol | number,
  port: number,
): Verdict {
  const number = typeof protocol === 'number' ? protocol : apiProtocols[protocol];
  const reasons = gone('egress', source) ?? gone('ingress', destination) ?? itself(source, destination);
  if (reasons !== undefined) return { outcome: reasons.outcome, reasons: [reasons] };
  const found: Reason[] = [];
  if (source.kind === 'workload') {
    found.push(explainSide(segmentation, 'egress', source, destination, number, port));
  }
  if (destination.kind === 'workload') {
    found.push(explainSide(segmentation, 'ingress', destination, source, number, port));
  }
  if (found.length === 0) {
    const text = 'neither end is a declared workload: no declared policy applies';
    found.push({ layer, direction: 'egress', outcome: 'allow', text });
  }
  return { outcome: foldOutcomes(found.map(({ outcome }) => outcome)), reasons: found };
}

/** Returns deny when one says so, else unknown when one says so, else allow. */
export function foldOutcomes(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('deny')) return 'deny';
  return outcomes.includes('unknown') ? 'unknown' : 'allow';
}

function gone(direction: Direction, end: Endpoint): Reason | undefined {
  if (end.kind !== 'workload' || !end.workload.finished) return undefined;
  const text = `${workloadName(end.workload)} has finished: it has no address any more`;
  return { layer, direction, outcome: 'unknown', text, span: end.workload.source.span };
}

function itself(source: Endpoint, destination: Endpoint): Reason | undefined {
  if (source.kind !== 'workload' || destination.kind !== 'workload') return undefined;
  if (source.workload !== destination.workload) return undefined;
  const [from, to] = [source.address, destination.address];
  const same = from !== undefined && to !== undefined && sameAddress(from, to);
  if (!source.workload.single && !same) return undefined;
  return { layer, direction: 'egress', outcome: 'allow', text: 'a pod always reaches itself' };
}

function explainSide(
  segmentation: Segmentation,
  direction: Direction,
  subject: WorkloadEnd,
  other: Endpoint,
  protocol: number,
  port: number,
): Reason {
  const { workload } = subject;
  const say = (outcome: Outcome, text: string): Reason => ({ layer, direction, outcome, text });
  if (workload.hostNetwork) {
    const text = `${workloadName(workload)} is on its host's network: NetworkPolicies do not apply to it`;
    return { ...say('allow', text), span: workload.source.at([...workload.podPath, 'spec', 'hostNetwork']) };
  }
  const { profile } = segmentation;
  if (!profile.enforcesPolicies) {
    return say('allow', `the network plugin (${profile.name}) does not enforce policies`);
  }
  const view = viewOf(other, segmentation.inventory);
  const destination =
    direction === 'ingress' ? workload : other.kind === 'workload' ? other.workload : undefined;
  const { reason, tierMayDeny } = explainPolicies(segmentation, {
    direction,
    subject: workload,
    view,
    destination: destination === undefined || destination.hostNetwork ? -1 : destination.index,
    protocol,
    port,
    masqueraded: direction === 'ingress' && isMasqueraded(segmentation, workload, view, protocol, port),
  });
  const local = view.nodes === undefined ? Ternary.No : shareNode(nodesOf(subject), view.nodes);
  if (local === Ternary.Yes && !tierMayDeny) {
    return say('allow', `traffic between ${workloadName(workload)} and its own node is always allowed`);
  }
  if (reason.outcome === 'deny' && local !== Ternary.No) {
    const { change: _, ...rest } = reason;
    const why = tierMayDeny
      ? 'but whether that holds for its own node no API tells'
      : `but it is allowed if ${endpointText(other)} is the node of the pod, which no manifest tells`;
    return { ...rest, outcome: 'unknown', text: `${reason.text}; ${why}` };
  }
  const open = segmentation.plan(direction, workload.index) === openPlan;
  if (reason.outcome === 'allow' && !open && segmentation.doubts(protocol)) {
    const text = `${reason.text}; but whether ${profile.name} lets ${protocolText(protocol)} through is a setting of its installation`;
    return { ...reason, outcome: 'unknown', text };
  }
  return reason;
}

/** Whether a client from outside may come through a Service that replaces its address with a node's. */
function isMasqueraded(
  { inventory }: Segmentation,
  workload: Workload,
  view: PeerView,
  protocol: number,
  port: number,
): boolean {
  if (view.isPod || view.nodes !== undefined) return false;
  return inventory.services.some((service) => exposes(service, workload, protocol, port));
}

/** Returns whether clients from outside may come to this port through the Service with the address of a node. */
export function exposes(service: Service, workload: Workload, protocol: number, port: number): boolean {
  if (!hidesClientAddress(service)) return false;
  if (!service.backends?.includes(workload) && !service.uncertainBackends.includes(workload)) return false;
  return service.ports.some((entry) => {
    return entry.protocol === protocol && targetPorts(entry, workload).includes(port);
  });
}

/** Returns the ports of the workload's pods that a Service port leads to; empty for a name that they lack. */
export function targetPorts(
  { targetPort, protocol }: Service['ports'][number],
  workload: Workload,
): number[] {
  if (typeof targetPort === 'number') return [targetPort];
  return namedPorts(workload, targetPort, protocol);
}
