import { PortSet } from '../net/port-set.ts';
import { namedPorts, type Workload } from './model.ts';
import { apiProtocolNumber, protocolText } from './protocol.ts';
import { fieldsOf } from './values.ts';

/** A port name of a rule with the numbers it stands for, per workload index; undefined where it stands for none. */
export interface NamedPort {
  readonly name: string;
  readonly protocol: number;
  readonly numbers: readonly (readonly number[] | undefined)[];
}

/** The compiled `ports` of one rule. */
export interface PolicyPorts {
  readonly numeric: ReadonlyMap<number, PortSet>;
  readonly named: readonly NamedPort[];
}

/** Resolves port names once per name and protocol for all workloads. */
export class PortNames {
  readonly #workloads: readonly Workload[];
  readonly #known = new Map<string, NamedPort>();

  constructor(workloads: readonly Workload[]) {
    this.#workloads = workloads;
  }

  /** Names mean nothing on addresses, and a pod on its host's network is seen as an address. */
  resolve(name: string, protocol: number): NamedPort {
    const key = `${protocol}/${name}`;
    let port = this.#known.get(key);
    if (port === undefined) {
      const numbers = this.#workloads.map((workload) => {
        const found = workload.hostNetwork ? [] : namedPorts(workload, name, protocol);
        return found.length === 0 ? undefined : found;
      });
      port = { name, protocol, numbers };
      this.#known.set(key, port);
    }
    return port;
  }
}

/**
 * Returns the compiled list of NetworkPolicyPort, undefined for an absent or empty one (every port and protocol), or
 * a text that says what is wrong with it.
 */
export function compilePorts(value: unknown, names: PortNames): PolicyPorts | undefined | string {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return 'ports is not a list';
  if (value.length === 0) return undefined;
  const numeric = new Map<number, PortSet>();
  const named: NamedPort[] = [];
  for (const item of value) {
    const { port, endPort, protocol: written } = fieldsOf(item);
    const protocol = apiProtocolNumber(written);
    if (protocol === undefined) return `protocol ${JSON.stringify(written)} is not TCP, UDP or SCTP`;
    if (typeof port === 'string' && (endPort === undefined || endPort === null)) {
      named.push(names.resolve(port, protocol));
      continue;
    }
    const range = portRange(port, endPort);
    if (typeof range === 'string') return range;
    numeric.set(protocol, (numeric.get(protocol) ?? PortSet.empty).union(range));
  }
  return { numeric, named };
}

function portRange(port: unknown, endPort: unknown): PortSet | string {
  const hasEnd = endPort !== undefined && endPort !== null;
  if (port === undefined || port === null) return hasEnd ? 'endPort without a port' : PortSet.all;
  if (!isPort(port)) return `port ${JSON.stringify(port)} is not a port number`;
  if (!hasEnd) return PortSet.of(port);
  if (!isPort(endPort) || endPort < port)
    return `endPort ${JSON.stringify(endPort)} is not a port from ${port} on`;
  return PortSet.range(port, endPort);
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65535;
}

/** Returns whether the ports admit `port` on the workload with index `destination` (-1: not a pod). */
export function portsAdmit(ports: PolicyPorts, protocol: number, port: number, destination: number): boolean {
  if (ports.numeric.get(protocol)?.contains(port)) return true;
  for (const name of ports.named) {
    if (name.protocol === protocol && name.numbers[destination]?.includes(port)) return true;
  }
  return false;
}

/** Returns all ports of `protocol` that are admitted on the workload with index `destination`. */
export function admittedPorts(
  ports: PolicyPorts | undefined,
  protocol: number,
  destination: number,
): PortSet {
  if (ports === undefined) return PortSet.all;
  let set = ports.numeric.get(protocol) ?? PortSet.empty;
  for (const name of ports.named) {
    if (name.protocol !== protocol) continue;
    for (const number of name.numbers[destination] ?? []) set = set.union(PortSet.of(number));
  }
  return set;
}

/** Returns e.g. `TCP 80,443, UDP 53, TCP "metrics"`. */
export function portsText({ numeric, named }: PolicyPorts): string {
  const numbers = [...numeric].map(([protocol, set]) => {
    return set.isAll ? `any ${protocolText(protocol)} port` : `${protocolText(protocol)} ${set}`;
  });
  return [...numbers, ...named.map(({ name, protocol }) => `${protocolText(protocol)} "${name}"`)].join(', ');
}
