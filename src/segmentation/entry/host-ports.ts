import { isLoopback, parseAddress } from '../../net/address.ts';
import type { Workload } from '../model.ts';
import { apiProtocolNumber, protocolText } from '../protocol.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../values.ts';
import type { Entry, EntryTarget, Listener } from './model.ts';

interface HostPort {
  readonly protocol: number;
  readonly nodePort: number;
  readonly podPort: number;
  readonly path: (string | number)[];
}

/**
 * Returns the way in that the pods of a workload open by ports of their nodes: `hostPort`, or on their host's network
 * each port that they name (core/v1 ContainerPort). Undefined when there is none; a port on a loopback address is
 * none. The client's address stays: the packet is redirected by the node that it arrives at.
 */
export function readHostPorts(workload: Workload): Entry | undefined {
  if (workload.finished) return undefined;
  const ports = hostPortsOf(workload);
  if (ports.length === 0) return undefined;
  const { source, name, namespace, podPath } = workload;
  const text = `HostPort ${namespace.name}/${name}`;
  return {
    kind: 'HostPort',
    namespace: namespace.name,
    name,
    text,
    source,
    span: source.at(podPath.length === 0 || source.name === name ? ['metadata', 'name'] : podPath),
    proxy: undefined,
    tls: false,
    hosts: [],
    listeners: ports.map(
      ({ protocol, nodePort, path }): Listener => ({
        protocol: protocolText(protocol),
        port: nodePort,
        tls: false,
        hostname: undefined,
        name: undefined,
        door: text,
        span: source.at(path),
      }),
    ),
    sources: undefined,
    keepsClientAddress: true,
    targets: ports.map(
      ({ protocol, podPort, path }): EntryTarget => ({
        hosts: [],
        matches: [],
        isDefault: false,
        isMirror: false,
        service: undefined,
        servicePort: undefined,
        backends: [{ workload, protocol, port: podPort, doubt: undefined }],
        problem: undefined,
        cause: undefined,
        doubt: undefined,
        path,
        span: source.at(path),
      }),
    ),
    faults: [],
    doors: [text],
  };
}

function hostPortsOf({ source, podPath, hostNetwork }: Workload): HostPort[] {
  const spec = [...podPath, 'spec'] as string[];
  const found: HostPort[] = [];
  // Of init containers those count that keep running; the others are gone before the pod is ready.
  for (const list of ['containers', 'initContainers']) {
    for (const [i, container] of listOf(fieldAt(source.value, ...spec, list)).entries()) {
      const { ports, restartPolicy } = fieldsOf(container);
      if (list === 'initContainers' && restartPolicy !== 'Always') continue;
      for (const [j, port] of listOf(ports).entries()) {
        const { containerPort, hostPort, hostIP, protocol } = fieldsOf(port);
        const number = apiProtocolNumber(protocol);
        const nodePort = hostNetwork ? (hostPort ?? containerPort) : hostPort;
        if (typeof containerPort !== 'number' || typeof nodePort !== 'number' || nodePort === 0) continue;
        const address = parseAddress(textOf(hostIP) ?? '');
        if (number === undefined || (address !== undefined && isLoopback(address))) continue;
        const path = [...spec, list, i, 'ports', j];
        found.push({ protocol: number, nodePort, podPort: containerPort, path });
      }
    }
  }
  return found;
}
