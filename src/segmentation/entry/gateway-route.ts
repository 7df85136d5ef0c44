import type { Path, Resource } from '../../manifest/resource.ts';
import { Protocol } from '../../net/protocol.ts';
import type { Namespace } from '../model.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../values.ts';
import { namespaceOf } from '../workloads.ts';
import type { Gateway } from './gateways.ts';
import type { Entry, EntryKind, EntryProxy, EntryTarget, Fault, RequestMatch } from './model.ts';
import { findParents, type Parents } from './parents.ts';
import type { ReferenceGrants } from './reference-grants.ts';
import { readMatches } from './route-matches.ts';
import { nowhere, type Resolution, type ServiceBackends } from './service-backends.ts';

/** The API refuses more of each. */
const limits = { hostnames: 16, rules: 16, backendRefs: 16, filters: 16 };

/** What reading a route needs to know of the rest. */
export interface RouteContext {
  readonly backends: ServiceBackends;
  readonly gateways: ReadonlyMap<string, Gateway>;
  readonly grants: ReferenceGrants;
  readonly namespaces: ReadonlyMap<string, Namespace>;
}

/** The routes of the Gateway API. */
export const routeKinds: ReadonlySet<EntryKind> = new Set([
  'HTTPRoute',
  'GRPCRoute',
  'TLSRoute',
  'TCPRoute',
  'UDPRoute',
]);

/**
 * Returns the entry that a route opens (Gateway API v1; v1alpha2 and v1alpha3 for TLS, TCP and UDP), or undefined for
 * a route that hangs on Services only, which is about traffic inside the cluster.
 */
export function readGatewayRoute(
  source: Resource,
  kind: EntryKind,
  context: RouteContext,
): Entry | undefined {
  const namespace = namespaceOf(source);
  const spec = fieldsOf(fieldAt(source.value, 'spec'));
  const written = listOf(spec.hostnames).filter(
    (host) => typeof host === 'string' && host !== '',
  ) as string[];
  const hosts = written.slice(0, limits.hostnames);
  const parents = findParents(source, { kind, namespace, hosts }, context.gateways, context.namespaces);
  if (!parents.fromOutside) return undefined;
  const targets = listOf(spec.rules)
    .slice(0, limits.rules)
    .flatMap((rule, index) =>
      readRule({ source, kind, hosts, parents, context }, rule, ['spec', 'rules', index]),
    );
  const text = `${kind} ${namespace}/${source.name}`;
  return {
    kind,
    namespace,
    name: source.name,
    text,
    source,
    span: source.at(['metadata', 'name']),
    proxy: joined(parents.proxies),
    tls: tlsOf(parents),
    hosts,
    listeners: parents.listeners,
    sources: undefined,
    keepsClientAddress: false,
    targets,
    faults: [...parents.faults, ...tooMany(source, spec)],
    doors: parents.doors,
  };
}

interface RuleContext {
  readonly source: Resource;
  readonly kind: EntryKind;
  readonly hosts: readonly string[];
  readonly parents: Parents;
  readonly context: RouteContext;
}

/** One target per backend of the rule, and one per backend that gets a copy. */
function readRule(at: RuleContext, rule: unknown, path: Path): EntryTarget[] {
  const { backendRefs, filters, matches } = fieldsOf(rule);
  const alternatives = at.kind === 'TCPRoute' || at.kind === 'UDPRoute' ? [] : readMatches(at.kind, matches);
  const targets: EntryTarget[] = [];
  for (const [index, value] of listOf(backendRefs).slice(0, limits.backendRefs).entries()) {
    const own: Path = [...path, 'backendRefs', index];
    targets.push(readTarget(at, value, own, alternatives, false));
    targets.push(...readMirrors(at, fieldsOf(value).filters, own, alternatives));
  }
  return [...targets, ...readMirrors(at, filters, path, alternatives)];
}

function readMirrors(
  at: RuleContext,
  filters: unknown,
  path: Path,
  matches: readonly RequestMatch[],
): EntryTarget[] {
  return listOf(filters)
    .slice(0, limits.filters)
    .flatMap((filter, index) => {
      const { backendRef } = fieldsOf(fieldsOf(filter).requestMirror);
      if (backendRef === undefined) return [];
      return [
        readTarget(at, backendRef, [...path, 'filters', index, 'requestMirror', 'backendRef'], matches, true),
      ];
    });
}

function readTarget(
  { source, kind, hosts, parents, context }: RuleContext,
  value: unknown,
  path: Path,
  matches: readonly RequestMatch[],
  isMirror: boolean,
): EntryTarget {
  const { port } = fieldsOf(value);
  const found = resolveReference(source, kind, value, context);
  const refused =
    parents.problem === undefined ? found : nowhere(found.service, 'not-attached', parents.problem);
  return {
    hosts,
    matches,
    isDefault: false,
    isMirror,
    servicePort: typeof port === 'number' ? port : undefined,
    ...refused,
    doubt: refused.problem === undefined ? (refused.doubt ?? parents.doubt) : undefined,
    path,
    span: source.at(path),
  };
}

function resolveReference(
  source: Resource,
  kind: string,
  value: unknown,
  { backends, grants }: RouteContext,
): Resolution {
  const { group, kind: of, name, namespace, port, weight } = fieldsOf(value);
  const from = namespaceOf(source);
  const where = textOf(namespace) ?? from;
  const service = textOf(name);
  if ((group ?? '') !== '' || (of ?? 'Service') !== 'Service') {
    return nowhere(
      undefined,
      'elsewhere',
      `the backend is ${textOf(of) ?? 'an object'} ${where}/${service ?? ''}, not a Service`,
    );
  }
  if (service === undefined) return nowhere(undefined, 'incomplete', 'the backend names no Service');
  if (weight === 0) return nowhere(undefined, 'elsewhere', 'its weight is 0, so nothing is sent to it');
  if (typeof port !== 'number') {
    return nowhere(undefined, 'incomplete', `the backend names no port of Service ${where}/${service}`);
  }
  if (where !== from && !grants.allowsService(kind, from, where, service)) {
    const why = `no ReferenceGrant in namespace ${where} lets a ${kind} of ${from} send to Service ${service}`;
    return nowhere(undefined, 'not-granted', why);
  }
  const protocol = kind === 'UDPRoute' ? Protocol.Udp : Protocol.Tcp;
  return backends.resolve(where, service, { of: 'service', port }, protocol);
}

/** The pods of all Gateways that take the route. */
function joined(proxies: readonly EntryProxy[]): EntryProxy {
  const [first, ...others] = proxies;
  if (first === undefined) return { className: undefined, controller: undefined, workloads: undefined };
  if (others.length === 0) return first;
  const all = proxies.map(({ workloads }) => workloads);
  const known = all.every((workloads) => workloads !== undefined);
  return { ...first, workloads: known ? [...new Set(all.flat())] : undefined };
}

function tlsOf({ listeners }: Parents): Entry['tls'] {
  if (listeners.length === 0 || listeners.some(({ tls }) => tls === false)) return false;
  return listeners.every(({ tls }) => tls === 'passthrough') ? 'passthrough' : true;
}

function tooMany(source: Resource, { hostnames, rules }: { hostnames?: unknown; rules?: unknown }): Fault[] {
  return Object.entries({ hostnames, rules }).flatMap(([field, value]) => {
    const limit = limits[field as 'hostnames' | 'rules'];
    if (listOf(value).length <= limit) return [];
    const text = `the API takes at most ${limit} ${field}: the others are not counted`;
    return [{ kind: 'unread', text, span: source.at(['spec', field]) }];
  });
}
