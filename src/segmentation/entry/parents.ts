import type { Path, Resource } from '../../manifest/resource.ts';
import type { Namespace } from '../model.ts';
import { either, Ternary } from '../ternary.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../values.ts';
import { attach, doorOf, type Gateway, type GatewayListener, type RouteIdentity } from './gateways.ts';
import type { EntryProxy, Fault, Listener } from './model.ts';

/** The API refuses more. */
const maxParents = 32;

/** The Gateways that a route hangs on. */
export interface Parents {
  /** Whether it refers to any Gateway at all: a route of a Service is about traffic inside the cluster. */
  readonly fromOutside: boolean;
  readonly listeners: readonly Listener[];
  readonly proxies: readonly EntryProxy[];
  /** The Gateways that take it or may take it, declared or not. */
  readonly doors: readonly string[];
  /** Why no Gateway takes the route for certain. */
  readonly problem: string | undefined;
  /** Why no manifest tells whether one takes it. */
  readonly doubt: string | undefined;
  readonly faults: readonly Fault[];
}

/** What a reference to a parent comes to. */
interface Finding {
  readonly answer: Ternary;
  readonly why: string;
  readonly listeners: readonly Listener[];
  readonly proxy: EntryProxy | undefined;
  readonly door: string;
}

/**
 * Returns which listeners take the route: those that one of its parentRefs means and that allow it (Gateway API,
 * ParentReference). A Gateway that no manifest declares may take it or not.
 */
export function findParents(
  source: Resource,
  route: RouteIdentity,
  gateways: ReadonlyMap<string, Gateway>,
  namespaces: ReadonlyMap<string, Namespace>,
): Parents {
  const listeners = new Set<Listener>();
  const proxies = new Set<EntryProxy>();
  const doors = new Set<string>();
  const faults: Fault[] = [];
  const said: Finding[] = [];
  let inside = 0;
  const references = listOf(fieldAt(source.value, 'spec', 'parentRefs'));
  for (const [index, reference] of references.slice(0, maxParents).entries()) {
    const { group, kind } = fieldsOf(reference);
    if (kind === 'Service' && (group === '' || group === 'core')) {
      inside++;
      continue;
    }
    const found = follow(reference, route, gateways, namespaces);
    said.push(found);
    if (found.answer !== Ternary.No) {
      doors.add(found.door);
      for (const listener of found.listeners) listeners.add(listener);
      if (found.proxy !== undefined) proxies.add(found.proxy);
    }
    const path: Path = ['spec', 'parentRefs', index];
    if (found.answer !== Ternary.Yes) {
      const kind = found.answer === Ternary.No ? 'refused' : 'unclear';
      faults.push({ kind, text: found.why, span: source.at(path) });
    }
  }
  const byDefault = textOf(fieldAt(source.value, 'spec', 'useDefaultGateways'));
  if (byDefault !== undefined && byDefault !== 'None') {
    const why = 'the route asks for default Gateways, and which these are is not evaluated';
    said.push({ answer: Ternary.Maybe, why, listeners: [], proxy: undefined, door: 'default Gateways' });
    doors.add('default Gateways');
  }
  const taken = said.some(({ answer }) => answer === Ternary.Yes);
  const perhaps = said.find(({ answer }) => answer === Ternary.Maybe);
  const none = said[0]?.why ?? 'the route names no Gateway that takes it';
  return {
    fromOutside: inside === 0 || said.length > 0,
    listeners: [...listeners],
    proxies: [...proxies],
    doors: [...doors],
    problem: taken || perhaps !== undefined ? undefined : none,
    doubt: taken ? undefined : perhaps?.why,
    faults,
  };
}

function follow(
  reference: unknown,
  route: RouteIdentity,
  gateways: ReadonlyMap<string, Gateway>,
  namespaces: ReadonlyMap<string, Namespace>,
): Finding {
  const { group, kind, namespace, name, sectionName, port } = fieldsOf(reference);
  const isGateway =
    (kind ?? 'Gateway') === 'Gateway' &&
    (group ?? 'gateway.networking.k8s.io') === 'gateway.networking.k8s.io';
  const key = `${textOf(namespace) ?? route.namespace}/${textOf(name) ?? ''}`;
  const nothing = { listeners: [], proxy: undefined, door: `${textOf(kind) ?? 'Gateway'} ${key}` };
  if (!isGateway) {
    const why = `${textOf(kind) ?? 'the parent'} ${key} is of a kind that is not evaluated`;
    return { answer: Ternary.Maybe, why, ...nothing };
  }
  const gateway = gateways.get(key);
  if (gateway === undefined) {
    const why = `Gateway ${key} is not declared, so no manifest tells whether it takes the route`;
    return { answer: Ternary.Maybe, why, ...nothing };
  }
  const section = textOf(sectionName);
  const meant = gateway.listeners.filter(
    (listener) =>
      (section === undefined || listener.name === section) &&
      (typeof port !== 'number' || listener.port === port),
  );
  if (meant.length === 0) {
    const wanted = section === undefined ? `listener on port ${port}` : `listener ${section}`;
    const why =
      section === undefined && typeof port !== 'number'
        ? `Gateway ${key} has no listener`
        : `Gateway ${key} has no ${wanted}${section !== undefined && typeof port === 'number' ? ` on port ${port}` : ''}`;
    return { answer: Ternary.No, why, ...nothing };
  }
  return best(gateway, meant, route, namespaces);
}

/** The listeners that take the route; of several refusals the first one is told. */
function best(
  gateway: Gateway,
  meant: readonly GatewayListener[],
  route: RouteIdentity,
  namespaces: ReadonlyMap<string, Namespace>,
): Finding {
  const answers = meant.map((listener) => ({ listener, ...attach(gateway, listener, route, namespaces) }));
  const answer = answers.reduce<Ternary>((top, one) => either(top, one.answer), Ternary.No);
  const chosen = answers.filter((one) => one.answer === answer);
  return {
    answer,
    why: chosen[0]?.why ?? '',
    listeners: answer === Ternary.No ? [] : chosen.map(({ listener }) => listener),
    proxy: gateway.proxy,
    door: doorOf(gateway),
  };
}
