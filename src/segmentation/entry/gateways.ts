import type { Span } from '../../diagnostic/diagnostic.ts';
import type { Resource } from '../../manifest/resource.ts';
import { namespaceNameLabel } from '../inventory.ts';
import { compileSelector, type Labels, matches } from '../label-selector.ts';
import type { Namespace } from '../model.ts';
import { Ternary } from '../ternary.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../values.ts';
import { namespaceOf } from '../workloads.ts';
import { hostsIntersect } from './hostnames.ts';
import type { EntryProxy, Listener } from './model.ts';

/** The API refuses more. */
export const maxListeners = 64;

/** A Gateway of the Gateway API; those of Istio are another kind of the same name. */
export interface Gateway {
  readonly namespace: string;
  readonly name: string;
  readonly source: Resource;
  readonly proxy: EntryProxy;
  readonly listeners: readonly GatewayListener[];
}

export interface GatewayListener extends Listener {
  /** What it says of routes, as it is written. */
  readonly allowedRoutes: unknown;
}

/** What a route is, to a listener. */
export interface RouteIdentity {
  readonly kind: string;
  readonly namespace: string;
  readonly hosts: readonly string[];
}

/** Whether a listener takes a route; `why` when it does not, or when no manifest tells. */
export interface Attachment {
  readonly answer: Ternary;
  readonly why: string;
}

/** Returns the Gateway that a manifest declares, with its first 64 listeners. */
export function readGateway(source: Resource, proxy: EntryProxy): Gateway {
  const namespace = namespaceOf(source);
  const listeners = listOf(fieldAt(source.value, 'spec', 'listeners'))
    .slice(0, maxListeners)
    .map((value, index) =>
      readListener(value, source.at(['spec', 'listeners', index]), namespace, source.name),
    );
  return { namespace, name: source.name, source, proxy, listeners };
}

function readListener(value: unknown, span: Span, namespace: string, gateway: string): GatewayListener {
  const { name, hostname, port, protocol, tls, allowedRoutes } = fieldsOf(value);
  const said = textOf(protocol) ?? 'HTTP';
  const encrypted = said === 'HTTPS' || said === 'TLS';
  return {
    protocol: said,
    port: typeof port === 'number' ? port : undefined,
    tls: encrypted && fieldsOf(tls).mode === 'Passthrough' ? 'passthrough' : encrypted,
    hostname: textOf(hostname),
    name: textOf(name),
    door: doorOf({ namespace, name: gateway }),
    span,
    allowedRoutes,
  };
}

/** Returns the name of a Gateway as an entry's door. */
export function doorOf({ namespace, name }: Pick<Gateway, 'namespace' | 'name'>): string {
  return `Gateway ${namespace}/${name}`;
}

/**
 * Returns whether the listener takes a route that refers to it: by the route's kind, its namespace and its host names
 * (Gateway API, Listener and AllowedRoutes). `namespaces` is by name.
 */
export function attach(
  gateway: Gateway,
  listener: GatewayListener,
  route: RouteIdentity,
  namespaces: ReadonlyMap<string, Namespace>,
): Attachment {
  const which = `listener ${listener.name ?? ''} of Gateway ${gateway.namespace}/${gateway.name}`;
  const refused = (why: string): Attachment => ({ answer: Ternary.No, why: `${which} ${why}` });
  if (!kindsOf(listener).has(route.kind)) return refused(`takes no ${route.kind}`);
  const { hostname } = listener;
  if (hostname !== undefined && route.hosts.length > 0) {
    if (!route.hosts.some((host) => hostsIntersect(host, hostname))) {
      return refused(`is for ${hostname} only, which the route does not name`);
    }
  }
  const { from, selector } = fieldsOf(fieldsOf(listener.allowedRoutes).namespaces);
  switch (from ?? 'Same') {
    case 'All':
      return { answer: Ternary.Yes, why: '' };
    case 'Same':
      return route.namespace === gateway.namespace
        ? { answer: Ternary.Yes, why: '' }
        : refused(`takes routes of namespace ${gateway.namespace} only`);
    case 'Selector': {
      const compiled = compileSelector(selector);
      if (compiled === undefined) return refused('selects namespaces without a valid selector');
      const answer = matches(compiled, labelsOf(route.namespace, namespaces));
      if (answer === Ternary.No) return refused(`selects namespaces by labels that ${route.namespace} lacks`);
      const why = `${which} selects namespaces by labels, and no manifest tells those of ${route.namespace}`;
      return { answer, why };
    }
    default:
      return refused('takes no routes');
  }
}

function labelsOf(name: string, namespaces: ReadonlyMap<string, Namespace>): Labels {
  const unknown: Labels = { known: new Map([[namespaceNameLabel, name]]), undetermined: 'others' };
  return namespaces.get(name)?.labels ?? unknown;
}

/** Kinds of routes that a protocol can carry: also the ones taken when a listener names none. */
const kindsByProtocol: Readonly<Record<string, readonly string[]>> = {
  HTTP: ['HTTPRoute', 'GRPCRoute'],
  HTTPS: ['HTTPRoute', 'GRPCRoute'],
  TLS: ['TLSRoute', 'TCPRoute'],
  TCP: ['TCPRoute'],
  UDP: ['UDPRoute'],
};

function kindsOf({ protocol, tls, allowedRoutes }: GatewayListener): ReadonlySet<string> {
  const possible = tls === 'passthrough' ? ['TLSRoute'] : (kindsByProtocol[protocol] ?? []);
  const named = listOf(fieldsOf(allowedRoutes).kinds).slice(0, maxListeners).map(fieldsOf);
  if (named.length === 0) return new Set(possible);
  return new Set(
    named
      .filter(({ group }) => (group ?? 'gateway.networking.k8s.io') === 'gateway.networking.k8s.io')
      .map(({ kind }) => textOf(kind) ?? '')
      .filter((kind) => possible.includes(kind)),
  );
}
