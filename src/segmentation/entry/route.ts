import type { HttpRequest } from '../request.ts';
import { both, Ternary } from '../ternary.ts';
import { hostMatches, hostRank } from './hostnames.ts';
import type { Entry, EntryTarget, Listener, RequestMatch } from './model.ts';
import { compareMatches, meetsMatch } from './paths.ts';

/** Where a request may end up. */
export interface RoutedTarget {
  readonly entry: Entry;
  readonly target: EntryTarget;
  /** False when the request, or conditions that are not modelled, leave open whether this rule takes it. */
  readonly certain: boolean;
}

/** A request from outside; `port` is that of the way in, any when it is not known. */
export interface EntryRequest extends HttpRequest {
  readonly port?: number;
}

/** One rule of one entry with one of its alternatives. */
interface Candidate {
  readonly entry: Entry;
  readonly target: EntryTarget;
  readonly match: RequestMatch | undefined;
  /** The host pattern by which it takes the request; undefined for any host. */
  readonly host: string | undefined;
  readonly hostAnswer: Ternary;
}

/**
 * Returns the targets that an HTTP request goes to, for each door that takes it: those of the rule that takes it for
 * certain, after any that might take it before. The host decides first: the exact name, else the longest wildcard,
 * else any host; then the path (networking/v1 IngressRule; Gateway API, HTTPRouteRule). Rules of different Ingresses
 * of one class are taken together, as are those of different routes of one Gateway. Listeners are taken to be isolated
 * from each other, as the Gateway API wants it and not every implementation does it.
 */
export function route(entries: readonly Entry[], request: EntryRequest): RoutedTarget[] {
  const doors = new Map<string, Entry[]>();
  const found = new Map<EntryTarget, RoutedTarget>();
  for (const entry of entries) {
    if (entry.proxy === undefined) {
      for (const target of directTargets(entry, request.port))
        found.set(target, { entry, target, certain: true });
      continue;
    }
    for (const door of entry.doors) {
      const known = doors.get(door);
      if (known === undefined) doors.set(door, [entry]);
      else known.push(entry);
    }
  }
  for (const [door, behind] of doors) {
    for (const one of routeAt(door, behind, request)) {
      if (!found.get(one.target)?.certain) found.set(one.target, one);
    }
  }
  return [...found.values()];
}

/** Where there is no proxy, the port alone decides: each target has a listener of its own. */
function directTargets({ targets, listeners }: Entry, port: number | undefined): EntryTarget[] {
  if (port === undefined) return [...targets];
  return targets.filter((_, index) => listeners[index]?.port === undefined || listeners[index].port === port);
}

function routeAt(door: string, entries: readonly Entry[], request: EntryRequest): RoutedTarget[] {
  const isGateway = entries.some(({ kind }) => isGatewayRoute(kind));
  const candidates = isGateway
    ? atGateway(door, entries, request)
    : entries
        .filter((entry) => takesPort(entry.listeners, request.port))
        .flatMap((entry) => candidatesOf(entry, request));
  const order = isGateway ? 'gateway' : 'ingress';
  const sorted = candidates
    .filter(({ target }) => !target.isDefault)
    .sort((a, b) => hostRank(b.host) - hostRank(a.host) || compareMatches(a.match, b.match, order));
  const fallbacks = candidates.filter(({ target }) => target.isDefault);
  // A proxy that serves Ingresses has a server for each host: one whose paths do not match ends at the default backend.
  const settled = isGateway ? undefined : sorted.find(({ hostAnswer }) => hostAnswer === Ternary.Yes)?.host;
  const mayReach = (host: string | undefined) =>
    isGateway || settled === undefined || hostRank(host) >= hostRank(settled);
  return take([...sorted.filter(({ host }) => mayReach(host)), ...fallbacks], request);
}

/** Takes candidates in order up to the first rule that takes the request for certain, with all of its backends. */
function take(candidates: readonly Candidate[], request: EntryRequest): RoutedTarget[] {
  const taken: RoutedTarget[] = [];
  let settled: Candidate | undefined;
  let certain = true;
  for (const candidate of candidates) {
    if (settled !== undefined && !isSameRule(settled, candidate)) continue;
    const { entry, target, match, hostAnswer } = candidate;
    const answer = both(hostAnswer, match === undefined ? Ternary.Yes : meetsMatch(match, request));
    if (answer === Ternary.No) continue;
    certain &&= answer === Ternary.Yes;
    taken.push({ entry, target, certain });
    if (answer === Ternary.Yes) settled ??= candidate;
  }
  return taken;
}

/** Backends of one rule share its list of alternatives; an Ingress has one backend for each path. */
function isSameRule(a: Candidate, b: Candidate): boolean {
  if (a.entry !== b.entry || a.host !== b.host || a.target.isDefault !== b.target.isDefault) return false;
  if (a.match !== undefined || b.match !== undefined) return a.match === b.match;
  return ruleOf(a.target) === ruleOf(b.target);
}

/** The index of the rule in `spec.rules`; of an OpenShift Route and of a Service there is one rule. */
function ruleOf({ path }: EntryTarget): unknown {
  return path[1] === 'rules' ? path[2] : undefined;
}

function isGatewayRoute(kind: Entry['kind']): boolean {
  return kind.endsWith('Route') && kind !== 'Route';
}

function takesPort(listeners: readonly Listener[], port: number | undefined): boolean {
  if (port === undefined || listeners.length === 0) return true;
  return listeners.some((listener) => listener.port === undefined || listener.port === port);
}

function candidatesOf(entry: Entry, request: EntryRequest): Candidate[] {
  return entry.targets.flatMap((target) => {
    const hosts: readonly (string | undefined)[] = target.hosts.length === 0 ? [undefined] : target.hosts;
    return hosts.flatMap((host) => {
      const hostAnswer = meetsHost(host, request.host, isGatewayRoute(entry.kind));
      return hostAnswer === Ternary.No ? [] : alternatives(entry, target, host, hostAnswer);
    });
  });
}

function alternatives(
  entry: Entry,
  target: EntryTarget,
  host: string | undefined,
  hostAnswer: Ternary,
): Candidate[] {
  const matches: readonly (RequestMatch | undefined)[] =
    target.matches.length === 0 ? [undefined] : target.matches;
  return matches.map((match) => ({ entry, target, match, host, hostAnswer }));
}

function meetsHost(pattern: string | undefined, host: string | undefined, isGateway: boolean): Ternary {
  if (pattern === undefined) return Ternary.Yes;
  if (host === undefined) return Ternary.Maybe;
  return hostMatches(pattern, host, isGateway ? 'many-labels' : 'one-label') ? Ternary.Yes : Ternary.No;
}

/** Each listener of the Gateway takes the hosts that no more specific one on its port takes, for its own routes. */
function atGateway(door: string, entries: readonly Entry[], request: EntryRequest): Candidate[] {
  const attached = entries.flatMap((entry) =>
    entry.listeners.filter((one) => one.door === door).map((listener) => ({ listener, entry })),
  );
  const own = Map.groupBy(attached, ({ listener }) => listener);
  const detached = entries.filter((entry) => entry.listeners.every((listener) => listener.door !== door));
  const open = [...own.keys()].filter(
    (listener) =>
      takesPort([listener], request.port) && meetsHost(listener.hostname, request.host, true) !== Ternary.No,
  );
  const best = new Map<number | undefined, number>();
  if (request.host !== undefined) {
    for (const { port, hostname } of open) {
      best.set(port, Math.max(best.get(port) ?? 0, hostRank(hostname)));
    }
  }
  const chosen = open.filter(({ port, hostname }) => hostRank(hostname) >= (best.get(port) ?? 0));
  const reached = chosen.flatMap((listener) => own.get(listener) ?? []).map(({ entry }) => entry);
  const found = new Set([...reached, ...detached]);
  return [...found].flatMap((entry) => candidatesOf(entry, request));
}
