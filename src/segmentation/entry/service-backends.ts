import { targetPorts } from '../explain.ts';
import type { Service, ServicePort, Workload } from '../model.ts';
import type { Backend, NowhereCause } from './model.ts';

/** What a reference to a Service leads to; the fields are those of an EntryTarget. */
export interface Resolution {
  readonly service: Service | undefined;
  readonly backends: readonly Backend[];
  readonly problem: string | undefined;
  readonly cause: NowhereCause | undefined;
  readonly doubt: string | undefined;
}

/** Which ports of a Service are meant: the one with this number or name, or those that lead to this port of pods. */
export type PortReference =
  | { readonly of: 'service'; readonly port: number | string }
  | { readonly of: 'pod'; readonly port: number }
  | { readonly of: 'service'; readonly port: undefined };

/** Finds the pods behind references to Services. Answers to the same reference are one and the same value. */
export class ServiceBackends {
  readonly #services: ReadonlyMap<string, Service>;
  readonly #resolved = new Map<string, Resolution>();

  constructor(services: readonly Service[]) {
    this.#services = new Map(services.map((service) => [`${service.namespace}/${service.name}`, service]));
  }

  /**
   * Returns the pods that `reference` means on a Service for an IP protocol number, or in `problem` why there are
   * none, or in `doubt` what no manifest tells. Ports of pods are those after address translation.
   */
  resolve(namespace: string, name: string, reference: PortReference, protocol: number): Resolution {
    const key = JSON.stringify([namespace, name, reference.of, reference.port, protocol]);
    let found = this.#resolved.get(key);
    if (found === undefined) {
      const service = this.#services.get(`${namespace}/${name}`);
      found =
        service === undefined
          ? nowhere(undefined, 'undeclared-service', `Service ${namespace}/${name} is not declared`)
          : resolveService(service, reference, protocol);
      this.#resolved.set(key, found);
    }
    return found;
  }
}

/** Returns a resolution that leads nowhere. */
export function nowhere(service: Service | undefined, cause: NowhereCause, problem: string): Resolution {
  return { service, backends: [], problem, cause, doubt: undefined };
}

/** Returns the pods behind certain ports of a Service, or why there are none. */
export function resolveService(service: Service, reference: PortReference, protocol: number): Resolution {
  const name = `Service ${service.namespace}/${service.name}`;
  if (service.type === 'ExternalName') {
    return nowhere(service, 'elsewhere', `${name} is of type ExternalName: it leads out of the cluster`);
  }
  const ofProtocol = service.ports.filter((port) => port.protocol === protocol);
  const ports = ofProtocol.filter((port) => isMeant(port, reference));
  if (ports.length === 0) {
    const wanted = reference.port === undefined ? 'port' : `port ${reference.port}`;
    return nowhere(
      service,
      'no-such-port',
      `${name} has no ${wanted}${ofProtocol.length === 0 ? ' of this protocol' : ''}`,
    );
  }
  return resolvePorts(service, ports, reference.of === 'pod' ? reference.port : undefined);
}

function isMeant({ name, port }: ServicePort, reference: PortReference): boolean {
  if (reference.of === 'pod' || reference.port === undefined) return true;
  return typeof reference.port === 'number' ? port === reference.port : name === reference.port;
}

/** Returns the pods behind these ports of the Service, only at `podPort` when it is given. */
function resolvePorts(
  service: Service,
  ports: readonly ServicePort[],
  podPort: number | undefined,
): Resolution {
  const name = `Service ${service.namespace}/${service.name}`;
  const { backends: certain, uncertainBackends } = service;
  if (certain === undefined) {
    const doubt = `${name} has no selector, so no manifest tells which pods are behind it`;
    return { service, backends: [], problem: undefined, cause: undefined, doubt };
  }
  if (certain.length + uncertainBackends.length === 0) {
    return nowhere(service, 'no-pods', `the selector of ${name} matches no declared pod`);
  }
  const doubt = `labels that no manifest tells decide whether ${name} selects these pods`;
  const backends = [
    ...certain.flatMap((workload) => portsOn(workload, ports, podPort, undefined)),
    ...uncertainBackends.flatMap((workload) => portsOn(workload, ports, podPort, doubt)),
  ];
  if (backends.length > 0)
    return { service, backends, problem: undefined, cause: undefined, doubt: undefined };
  const missing =
    podPort === undefined ? `has a port named ${listing(ports)}` : `is reached at port ${podPort}`;
  return nowhere(service, 'no-such-port', `no pod behind ${name} ${missing}`);
}

function listing(ports: readonly ServicePort[]): string {
  return [...new Set(ports.map(({ targetPort }) => targetPort))].slice(0, 4).join(' or ');
}

function portsOn(
  workload: Workload,
  ports: readonly ServicePort[],
  podPort: number | undefined,
  doubt: string | undefined,
): Backend[] {
  const found = new Map<string, Backend>();
  for (const servicePort of ports) {
    const { protocol } = servicePort;
    for (const port of targetPorts(servicePort, workload)) {
      if (podPort !== undefined && podPort !== port) continue;
      found.set(`${protocol}/${port}`, { workload, protocol, port, doubt });
    }
  }
  return [...found.values()];
}
