import type { Path, Resource } from '../../manifest/resource.ts';
import { Protocol } from '../../net/protocol.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../values.ts';
import { namespaceOf } from '../workloads.ts';
import type { Entry, EntryProxy, EntryTarget, Fault, Listener, PathMatch } from './model.ts';
import type { Proxies, ProxyClass } from './proxies.ts';
import { nowhere, type Resolution, type ServiceBackends } from './service-backends.ts';

/** What reading entries out of objects needs to know of the rest. */
export interface IngressContext {
  readonly backends: ServiceBackends;
  readonly proxies: Proxies;
  /** Declared IngressClasses by name. */
  readonly classes: ReadonlyMap<string, ProxyClass>;
}

/**
 * Returns the entry that an Ingress opens (networking.k8s.io/v1; the field names of the versions before are
 * understood too). It takes HTTP at port 80, and HTTPS at port 443 when it has a `tls` section.
 */
export function readIngress(source: Resource, context: IngressContext): Entry {
  const namespace = namespaceOf(source);
  const spec = fieldsOf(fieldAt(source.value, 'spec'));
  const { proxy, doubt, faults } = classOf(source, context);
  const door = `IngressClass ${proxy.className ?? ''}`;
  const target = (
    backend: unknown,
    path: Path,
    rest: Pick<EntryTarget, 'hosts' | 'matches' | 'isDefault'>,
  ): EntryTarget => {
    const { port, resolution } = resolveBackend(namespace, backend, context.backends);
    const said = { ...resolution, doubt: resolution.doubt ?? doubt };
    return { ...rest, ...said, isMirror: false, servicePort: port, path, span: source.at(path) };
  };
  const targets: EntryTarget[] = [];
  const hosts = new Set<string>();
  for (const [i, rule] of listOf(spec.rules).entries()) {
    const { host, http } = fieldsOf(rule);
    const ruleHosts = typeof host === 'string' && host !== '' ? [host] : [];
    for (const name of ruleHosts) hosts.add(name);
    for (const [j, entry] of listOf(fieldsOf(http).paths).entries()) {
      const { path, pathType, backend } = fieldsOf(entry);
      const match = { path: pathMatch(path, pathType), method: undefined, others: 0 };
      const at = ['spec', 'rules', i, 'http', 'paths', j, 'backend'];
      targets.push(target(backend, at, { hosts: ruleHosts, matches: [match], isDefault: false }));
    }
  }
  const fallback = spec.defaultBackend ?? spec.backend;
  if (fallback !== undefined && fallback !== null) {
    const at = ['spec', spec.defaultBackend === undefined ? 'backend' : 'defaultBackend'];
    targets.push(target(fallback, at, { hosts: [], matches: [], isDefault: true }));
  }
  const listener = (protocol: string, port: number, tls: boolean, path: Path): Listener => {
    return { protocol, port, tls, hostname: undefined, name: undefined, door, span: source.at(path) };
  };
  const tls = listOf(spec.tls).length > 0;
  return {
    kind: 'Ingress',
    namespace,
    name: source.name,
    text: `Ingress ${namespace}/${source.name}`,
    source,
    span: source.at(['metadata', 'name']),
    proxy,
    tls,
    hosts: [...hosts],
    listeners: [
      listener('HTTP', 80, false, ['spec']),
      ...(tls ? [listener('HTTPS', 443, true, ['spec', 'tls'])] : []),
    ],
    sources: undefined,
    keepsClientAddress: false,
    targets,
    faults,
    doors: [door],
  };
}

interface ClassFinding {
  readonly proxy: EntryProxy;
  readonly doubt: string | undefined;
  readonly faults: readonly Fault[];
}

/** Who takes the Ingress: `ingressClassName`, else the annotation, else the default class (networking/v1 IngressSpec). */
function classOf(source: Resource, { proxies, classes }: IngressContext): ClassFinding {
  const field = fieldAt(source.value, 'spec', 'ingressClassName');
  const annotated = source.annotations['kubernetes.io/ingress.class'];
  const named = textOf(field) ?? (annotated === '' ? undefined : annotated);
  if (named !== undefined) {
    const proxy = proxies.ofClass(named, classes.get(named)?.controller);
    return { proxy, doubt: undefined, faults: [] };
  }
  const defaults = [...classes.values()].filter(({ isDefault }) => isDefault);
  const [first] = defaults;
  if (first !== undefined && defaults.length === 1) {
    return { proxy: proxies.ofClass(first.name, first.controller), doubt: undefined, faults: [] };
  }
  const taking = first === undefined ? proxies.takingClassless() : [];
  if (taking.length > 0) {
    const proxy = { className: undefined, controller: 'k8s.io/ingress-nginx', workloads: taking };
    return { proxy, doubt: undefined, faults: [] };
  }
  const text = `Ingress ${namespaceOf(source)}/${source.name} names no class and ${
    first === undefined
      ? 'no declared IngressClass is the default, so perhaps no controller takes it'
      : `${defaults.length} IngressClasses are the default, so no manifest tells which controller takes it`
  }`;
  return {
    proxy: proxies.ofClass(undefined, undefined),
    doubt: text,
    faults: [{ kind: 'unclear', text, span: source.at(['spec']) }],
  };
}

function resolveBackend(
  namespace: string,
  value: unknown,
  backends: ServiceBackends,
): { port: number | string | undefined; resolution: Resolution } {
  const { service, resource, serviceName, servicePort } = fieldsOf(value);
  const { name, port: reference } = fieldsOf(service);
  const { number, name: portName } = fieldsOf(reference);
  const serviceText = textOf(name) ?? textOf(serviceName);
  const port = [number, textOf(portName), servicePort].find(
    (one) => typeof one === 'number' || (typeof one === 'string' && one !== ''),
  ) as number | string | undefined;
  if (serviceText === undefined) {
    const { kind, name: of } = fieldsOf(resource);
    const isResource = resource !== undefined && resource !== null;
    const what = !isResource
      ? 'the backend names no Service'
      : `the backend is ${textOf(kind) ?? 'a resource'} ${textOf(of) ?? ''}, not a Service`;
    return { port, resolution: nowhere(undefined, isResource ? 'elsewhere' : 'incomplete', what) };
  }
  if (port === undefined) {
    return {
      port,
      resolution: nowhere(undefined, 'incomplete', `the backend names no port of Service ${serviceText}`),
    };
  }
  const resolution = backends.resolve(namespace, serviceText, { of: 'service', port }, Protocol.Tcp);
  return { port, resolution };
}

function pathMatch(path: unknown, type: unknown): PathMatch {
  const value = textOf(path) ?? '/';
  if (type === 'Exact') return { type: 'exact', value };
  return { type: type === 'Prefix' ? 'prefix' : 'unspecified', value };
}
