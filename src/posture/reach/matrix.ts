import { PortSet } from '../../net/port-set.ts';
import { equivalenceClasses } from '../../segmentation/equivalence.ts';
import type { Workload } from '../../segmentation/model.ts';
import { portAnswer } from '../../segmentation/port-sets.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import type { Declared } from '../posture.ts';
import type { ReachEnd } from './end.ts';

/** The ports of one protocol on which one workload may reach another; what is in neither set is denied. */
export interface ProtocolPorts {
  readonly protocol: ApiProtocol;
  readonly allowed: PortSet;
  readonly unknown: PortSet;
}

/** What one end may do to another; ports of every protocol, empty ones included. */
export interface ReachRow {
  readonly source: ReachEnd;
  readonly destination: ReachEnd;
  readonly ports: readonly ProtocolPorts[];
}

/** Narrows a matrix to one protocol or one port. */
export interface ReachScope {
  readonly protocol?: ApiProtocol;
  readonly port?: number;
}

/**
 * Yields every ordered pair of workloads with the exact ports. Finished workloads are left out, and a single pod with
 * itself; a workload of several pods stands with itself for the traffic between them.
 */
export function* reachMatrix(
  { inventory, segmentation }: Declared,
  scope: ReachScope = {},
): Generator<ReachRow> {
  const protocols = scope.protocol ? [scope.protocol] : (Object.keys(apiProtocols) as ApiProtocol[]);
  const asked = scope.port === undefined ? PortSet.all : PortSet.of(scope.port);
  const answer = (source: Workload, destination: Workload) =>
    protocols.map((protocol): ProtocolPorts => {
      const { allowed, unknown } = portAnswer(segmentation, source, destination, apiProtocols[protocol]);
      return { protocol, allowed: allowed.intersect(asked), unknown: unknown.intersect(asked) };
    });
  const classes = equivalenceClasses(segmentation);
  const answers = new Map<number, readonly ProtocolPorts[]>();
  const workloads = inventory.workloads.filter(({ finished }) => !finished);
  for (const source of workloads) {
    for (const destination of workloads) {
      if (source === destination && source.single) continue;
      const pair = classes[source.index]! * inventory.workloads.length + classes[destination.index]!;
      let ports = answers.get(pair);
      if (ports === undefined) {
        ports = answer(source, destination);
        answers.set(pair, ports);
      }
      yield {
        source: { kind: 'workload', workload: source },
        destination: { kind: 'workload', workload: destination },
        ports,
      };
    }
  }
}
