import { PortSet } from '../../net/port-set.ts';
import { namedPorts } from '../../segmentation/model.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import type { ReachEnd } from '../reach/end.ts';
import type { Assertion } from './model.ts';

/** Returns the ports that an assertion means at a destination; names are those of its containers. */
export function askedPorts(
  { ports, protocols }: Assertion,
  destination: ReachEnd,
  protocol: ApiProtocol,
): PortSet {
  if (!protocols.includes(protocol)) return PortSet.empty;
  return ports.names.reduce((set, name) => set.union(portsNamed(destination, name, protocol)), ports.numbers);
}

/** Returns the ports that a name stands for at an end: none where no container has it. */
export function portsNamed(end: ReachEnd, name: string, protocol: ApiProtocol): PortSet {
  if (end.kind !== 'workload') return PortSet.empty;
  return namedPorts(end.workload, name, apiProtocols[protocol])
    .filter((port) => Number.isInteger(port) && port >= 1 && port <= 65_535)
    .reduce((set, port) => set.union(PortSet.of(port)), PortSet.empty);
}

/** Returns the ports one by one; for sets that a request is asked about, which are small. */
export function portsIn(ports: PortSet): number[] {
  return ports.ranges().flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
}
