import { Protocol } from '../../net/protocol.ts';
import { targetPorts } from '../explain.ts';
import type { Inventory, Service, ServicePort, Workload } from '../model.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../values.ts';

/** What a proxy takes the traffic of a port for: HTTP, bytes, or whichever it finds when a connection comes. */
export type PortProtocol = 'http' | 'tcp' | 'detected';

/** A Service port that leads to a port of a workload. */
export interface ServiceEntrance {
  readonly service: Service;
  readonly entry: ServicePort;
  readonly protocol: PortProtocol;
  /** Whether labels that no manifest tells decide if the workload is behind the Service. */
  readonly uncertain: boolean;
}

const httpNames: ReadonlySet<string> = new Set(['http', 'http2', 'grpc', 'grpc-web', 'http_proxy']);
const tcpNames: ReadonlySet<string> = new Set(['tcp', 'tls', 'https', 'mongo', 'mysql', 'redis']);
const kubernetesNames: Readonly<Record<string, string>> = {
  'kubernetes.io/h2c': 'http2',
  'kubernetes.io/ws': 'http',
  'kubernetes.io/wss': 'https',
};
/** Service ports that count as TCP without a telling name: SMTP, DNS, MySQL, MongoDB. */
const tcpPorts: ReadonlySet<number> = new Set([25, 53, 3306, 27017]);

/** Returns what a Service port's `appProtocol`, else its name, says of it (istio.io/docs, "Protocol Selection"). */
export function protocolOf(
  appProtocol: string | undefined,
  name: string | undefined,
  port: number,
): PortProtocol {
  const written = appProtocol === undefined ? name : (kubernetesNames[appProtocol] ?? appProtocol);
  const text = (written ?? '').toLowerCase();
  const prefix = text.startsWith('grpc-web') ? 'grpc-web' : (text.split('-', 1)[0] as string);
  if (httpNames.has(prefix)) return 'http';
  return tcpNames.has(prefix) || tcpPorts.has(port) ? 'tcp' : 'detected';
}

/** Returns, for each TCP port of the workload that a Service leads to, the Service ports that do. */
export function entrancesOf(
  workload: Workload,
  services: readonly Service[],
): ReadonlyMap<number, readonly ServiceEntrance[]> {
  const found = new Map<number, ServiceEntrance[]>();
  for (const service of services) {
    const uncertain = service.uncertainBackends.includes(workload);
    if (!uncertain && !service.backends?.includes(workload)) continue;
    const written = listOf(fieldAt(service.source.value, 'spec', 'ports')).map(fieldsOf);
    for (const entry of service.ports) {
      if (entry.protocol !== Protocol.Tcp) continue;
      const appProtocol = written.find(
        ({ name, port }) => port === entry.port && textOf(name) === entry.name,
      )?.appProtocol;
      const protocol = protocolOf(textOf(appProtocol), entry.name, entry.port);
      for (const port of targetPorts(entry, workload)) {
        const list = found.get(port) ?? [];
        found.set(port, list);
        list.push({ service, entry, protocol, uncertain });
      }
    }
  }
  return found;
}

/** Returns the Services by namespace, without those that have no pods to tell of. */
export function servicesByNamespace({ services }: Inventory): ReadonlyMap<string, readonly Service[]> {
  return Map.groupBy(
    services.filter(({ backends }) => backends !== undefined),
    ({ namespace }) => namespace,
  );
}

/** Returns what the proxy of a workload takes a port for: what all Services in front of it agree on. */
export function portProtocol(entrances: readonly ServiceEntrance[] | undefined): PortProtocol {
  const [first, ...rest] = entrances ?? [];
  if (first === undefined || first.uncertain) return 'detected';
  return rest.every(({ protocol }) => protocol === first.protocol) ? first.protocol : 'detected';
}
