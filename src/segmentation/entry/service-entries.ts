import { parsePrefix } from '../../net/prefix.ts';
import type { Service } from '../model.ts';
import { protocolText } from '../protocol.ts';
import { balancerSourceTexts } from '../services.ts';
import { fieldAt } from '../values.ts';
import type { Entry, EntryKind, EntryTarget, Listener } from './model.ts';
import { resolveService } from './service-backends.ts';

/**
 * Returns the ways in that a Service opens by itself: through a load balancer, through a port of every node, through
 * external addresses (core/v1 ServiceSpec). A LoadBalancer has node ports too unless it is told not to; the
 * load balancer's source ranges do not cover these.
 */
export function readServiceEntries(service: Service): Entry[] {
  const isBalancer = service.type === 'LoadBalancer';
  const withoutNodePorts =
    fieldAt(service.source.value, 'spec', 'allocateLoadBalancerNodePorts') === false &&
    service.ports.every(({ nodePort }) => nodePort === undefined);
  const opened: Entry[] = [];
  if (isBalancer) opened.push(serviceEntry(service, 'LoadBalancer'));
  if (service.type === 'NodePort' || (isBalancer && !withoutNodePorts)) {
    opened.push(serviceEntry(service, 'NodePort'));
  }
  if (service.externalAddresses.length > 0 && service.type !== 'ExternalName') {
    opened.push(serviceEntry(service, 'ExternalIP'));
  }
  return opened;
}

function serviceEntry(service: Service, kind: EntryKind): Entry {
  const { namespace, name, source, ports } = service;
  const text = `${kind} ${namespace}/${name}`;
  const span = source.at(['metadata', 'name']);
  const listeners = ports.map(
    ({ protocol, port, nodePort, name: portName }): Listener => ({
      protocol: protocolText(protocol),
      port: kind === 'NodePort' ? nodePort : port,
      tls: false,
      hostname: undefined,
      name: portName,
      door: text,
      span: source.at(['spec', 'ports']),
    }),
  );
  const unread =
    kind === 'LoadBalancer' ? (balancerSourceTexts(source) ?? []).filter((one) => !parsePrefix(one)) : [];
  return {
    kind,
    namespace,
    name,
    text,
    source,
    span,
    proxy: undefined,
    tls: false,
    hosts: [],
    listeners,
    sources: kind === 'LoadBalancer' ? service.balancerSources : undefined,
    keepsClientAddress: service.keepsClientAddress,
    targets: ports.map(({ protocol, port }, index): EntryTarget => {
      const path = ['spec', 'ports', index];
      const resolution = resolveService(service, { of: 'service', port }, protocol);
      const rest = { hosts: [], matches: [], isDefault: false, isMirror: false };
      return { ...rest, ...resolution, servicePort: port, path, span: source.at(path) };
    }),
    faults: unread.map((one) => ({
      kind: 'unread',
      text: `\`${one}\` of the load balancer's source ranges is no address range`,
      span: source.at(['spec', 'loadBalancerSourceRanges']),
    })),
    doors: [text],
  };
}
