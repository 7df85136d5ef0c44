import { PortSet } from '../net/port-set.ts';
import { targetPorts } from './explain.ts';
import type { Inventory, Workload } from './model.ts';
import { apiProtocols } from './protocol.ts';
import { hidesClientAddress } from './services.ts';

/** Ports of the pods of each workload, by its index and by protocol number, to which clients from outside may come with a node's address. */
export type MasqueradedPorts = ReadonlyMap<number, ReadonlyMap<number, PortSet>>;

/**
 * Returns the ports to which a Service leads without keeping the client's address: `exposes` of explain.ts for all ports at once.
 */
export function masqueradedPorts({ services }: Inventory): MasqueradedPorts {
  const found = new Map<number, Map<number, PortSet>>();
  for (const service of services) {
    if (!hidesClientAddress(service)) continue;
    const { backends, uncertainBackends, ports } = service;
    for (const workload of [...(backends ?? []), ...uncertainBackends]) {
      const ofWorkload = found.get(workload.index) ?? new Map<number, PortSet>();
      found.set(workload.index, ofWorkload);
      for (const port of ports) {
        for (const target of targetPorts(port, workload)) {
          const known = ofWorkload.get(port.protocol) ?? PortSet.empty;
          ofWorkload.set(port.protocol, known.union(PortSet.of(target)));
        }
      }
    }
  }
  return found;
}

/** Returns a text that is equal for workloads with the same masqueraded ports. */
export function masqueradeKey(ports: MasqueradedPorts, { index }: Workload): string {
  const own = ports.get(index);
  if (own === undefined) return '';
  return Object.values(apiProtocols)
    .map((protocol) => own.get(protocol) ?? '')
    .join('/');
}
