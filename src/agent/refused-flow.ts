import type { LogObservation } from '../event/service-log/log-observation.ts';
import type { Flow } from '../flow/flow.ts';

/**
 * Returns the packet that a firewall's log says was refused as a flow that came to nothing, undefined for everything else that logs
 * tell. It never reached its destination: refused where the firewall said so, unanswered else.
 */
export function refusedFlow(seen: LogObservation, newId: () => string): Flow | undefined {
  const { at, source, sourcePort = 0, target, outcome, isRejected, host } = seen;
  if (outcome !== 'refused' || target === undefined) return undefined;
  return {
    id: newId(),
    protocol: target.protocol,
    source: { address: source, port: sourcePort },
    destination: { address: target.address, port: target.port },
    state: isRejected === true ? 'refused' : 'timed-out',
    seenBy: 'network',
    openedAt: at,
    closedAt: at,
    reachedDestination: false,
    preexisting: false,
    observation: { by: 'firewall-log', ...(host !== undefined && { exporter: host }) },
  };
}
