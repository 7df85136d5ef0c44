import type { Resource } from '../manifest/resource.ts';
import { parsePrefix } from '../net/prefix.ts';
import { matches, type Selector } from './label-selector.ts';
import type { Service, ServicePort, Workload } from './model.ts';
import { readAddresses } from './nodes.ts';
import { apiProtocolNumber } from './protocol.ts';
import { Ternary } from './ternary.ts';
import { fieldAt, fieldsOf, listOf, stringsOf, textOf } from './values.ts';
import { namespaceOf } from './workloads.ts';

/** Returns the model of a `v1` Service with the workloads of its namespace that its selector matches. */
export function readService(source: Resource, workloads: readonly Workload[]): Service {
  const spec = fieldsOf(fieldAt(source.value, 'spec'));
  const namespace = namespaceOf(source);
  const type = textOf(spec.type) ?? 'ClusterIP';
  const selector: Selector = [...stringsOf(spec.selector)].map(([key, value]) => ({
    key,
    operator: 'In',
    values: new Set([value]),
  }));
  const balancers = listOf(fieldAt(source.value, 'status', 'loadBalancer', 'ingress'));
  const mine = workloads.filter((workload) => workload.namespace.name === namespace && !workload.finished);
  const behind = (answer: Ternary) => mine.filter(({ labels }) => matches(selector, labels) === answer);
  const selects = selector.length > 0 && type !== 'ExternalName';
  return {
    namespace,
    name: source.name,
    type,
    addresses: readAddresses([
      spec.clusterIP,
      ...listOf(spec.clusterIPs),
      ...balancers.map((entry) => fieldsOf(entry).ip),
    ]),
    ports: listOf(spec.ports).flatMap(readPort),
    backends: selects ? behind(Ternary.Yes) : undefined,
    uncertainBackends: selects ? behind(Ternary.Maybe) : [],
    keepsClientAddress: spec.externalTrafficPolicy === 'Local',
    externalAddresses: readAddresses(listOf(spec.externalIPs)),
    nodeLocal: spec.internalTrafficPolicy === 'Local',
    balancerSources: balancerSourceTexts(source)?.flatMap((text) => parsePrefix(text) ?? []),
    source,
  };
}

/** An older way to write `loadBalancerSourceRanges`, which counts when the field is empty (core/v1). */
const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';

/** Returns the ranges that a load balancer is told to let in, as written; undefined when anyone may. */
export function balancerSourceTexts({ value, annotations }: Resource): readonly string[] | undefined {
  const ranges = listOf(fieldAt(value, 'spec', 'loadBalancerSourceRanges'));
  if (ranges.length > 0) return ranges.map((text) => (typeof text === 'string' ? text.trim() : ''));
  const written = annotations[sourceRangesAnnotation]?.trim();
  return written ? written.split(',').map((text) => text.trim()) : undefined;
}

function readPort(value: unknown): ServicePort[] {
  const { name, protocol, port, targetPort, nodePort } = fieldsOf(value);
  const number = apiProtocolNumber(protocol);
  if (typeof port !== 'number' || number === undefined) return [];
  return [
    {
      name: textOf(name),
      protocol: number,
      port,
      targetPort: typeof targetPort === 'number' ? targetPort : (textOf(targetPort) ?? port),
      nodePort: typeof nodePort === 'number' ? nodePort : undefined,
    },
  ];
}

/**
 * Returns whether clients from outside may come through the Service with the address of a node: through a load balancer,
 * a node port or an external address, unless `externalTrafficPolicy: Local` keeps theirs
 * (kubernetes.io/docs/tutorials/services/source-ip).
 */
export function hidesClientAddress({ type, keepsClientAddress, externalAddresses }: Service): boolean {
  if (keepsClientAddress || type === 'ExternalName') return false;
  return type === 'LoadBalancer' || type === 'NodePort' || externalAddresses.length > 0;
}
