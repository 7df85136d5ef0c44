import type { Path, Resource } from '../../manifest/resource.ts';
import { Protocol } from '../../net/protocol.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../values.ts';
import { namespaceOf } from '../workloads.ts';
import type { Entry, EntryTarget, Listener } from './model.ts';
import { openShiftRouter } from './products.ts';
import type { Proxies } from './proxies.ts';
import { nowhere, type PortReference, type ServiceBackends } from './service-backends.ts';

/** The API refuses more. */
const maxAlternates = 3;

/**
 * Returns the entry that an OpenShift Route opens (route.openshift.io/v1 RouteSpec). `port.targetPort` is a port of
 * the pods by number, or a port of the Service by name; without it the router uses all ports of the Service.
 */
export function readOpenShiftRoute(source: Resource, backends: ServiceBackends, proxies: Proxies): Entry {
  const namespace = namespaceOf(source);
  const spec = fieldsOf(fieldAt(source.value, 'spec'));
  const host = textOf(spec.host);
  const targetPort = fieldsOf(spec.port).targetPort;
  const servicePort = typeof targetPort === 'number' ? targetPort : textOf(targetPort);
  const { termination, insecureEdgeTerminationPolicy: insecure } = fieldsOf(spec.tls);
  const tls = termination === 'passthrough' ? 'passthrough' : textOf(termination) !== undefined;
  const hosts = host === undefined ? [] : [spec.wildcardPolicy === 'Subdomain' ? subdomain(host) : host];
  const text = `Route ${namespace}/${source.name}`;
  const door = 'OpenShift router';
  const reference: PortReference =
    typeof servicePort === 'number' ? { of: 'pod', port: servicePort } : { of: 'service', port: servicePort };
  const path = textOf(spec.path);
  // The router matches the path of a Route element by element; it cannot see it inside TLS.
  const matches =
    path === undefined || tls === 'passthrough'
      ? []
      : [{ path: { type: 'prefix', value: path } as const, method: undefined, others: 0 }];
  const target = (value: unknown, at: Path): EntryTarget => {
    const { kind, name, weight } = fieldsOf(value);
    const service = textOf(name);
    const resolution =
      weight === 0
        ? nowhere(undefined, 'elsewhere', `its weight is 0, so the router sends it nothing`)
        : service === undefined || (kind !== 'Service' && kind !== undefined && kind !== '')
          ? nowhere(undefined, 'incomplete', `the Route names no Service`)
          : backends.resolve(namespace, service, reference, Protocol.Tcp);
    const rest = { hosts, matches, isDefault: false, isMirror: false, servicePort };
    return { ...rest, ...resolution, path: at, span: source.at(at) };
  };
  const listener = (protocol: string, port: number, encrypted: Listener['tls']): Listener => {
    const span = source.at(encrypted ? ['spec', 'tls'] : ['spec']);
    return { protocol, port, tls: encrypted, hostname: undefined, name: undefined, door, span };
  };
  const plain = tls === false || insecure === 'Allow' || insecure === 'Redirect';
  return {
    kind: 'Route',
    namespace,
    name: source.name,
    text,
    source,
    span: source.at(['metadata', 'name']),
    proxy: proxies.ofClass(undefined, openShiftRouter),
    tls: tls !== false && insecure === 'Allow' ? false : tls,
    hosts,
    listeners: [
      ...(plain ? [listener('HTTP', 80, false)] : []),
      ...(tls === false ? [] : [listener(tls === 'passthrough' ? 'TLS' : 'HTTPS', 443, tls)]),
    ],
    sources: undefined,
    keepsClientAddress: false,
    targets: [
      target(spec.to, ['spec', 'to']),
      ...listOf(spec.alternateBackends)
        .slice(0, maxAlternates)
        .map((value, i) => target(value, ['spec', 'alternateBackends', i])),
    ],
    faults: [],
    doors: [door],
  };
}

/** `wildcardPolicy: Subdomain`: all hosts beside the named one. */
function subdomain(host: string): string {
  const dot = host.indexOf('.');
  return dot < 0 ? host : `*${host.slice(dot)}`;
}
