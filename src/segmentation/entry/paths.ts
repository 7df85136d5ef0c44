import type { HttpRequest } from '../request.ts';
import { both, Ternary } from '../ternary.ts';
import type { PathMatch, RequestMatch } from './model.ts';

/** Returns whether a request meets one alternative; Maybe where the request or the rule leaves it open. */
export function meetsMatch({ path, method, others }: RequestMatch, request: HttpRequest): Ternary {
  let answer: Ternary = others > 0 ? Ternary.Maybe : Ternary.Yes;
  if (path !== undefined) answer = both(answer, meetsPath(path, request.path));
  if (method !== undefined) {
    const same = method === request.method ? Ternary.Yes : Ternary.No;
    answer = both(answer, request.method === undefined ? Ternary.Maybe : same);
  }
  return answer;
}

/**
 * Returns whether a path meets a condition. A prefix is compared element by element, a slash at its end does not
 * count (networking/v1 PathType; Gateway API, PathMatchType). Regular expressions are not evaluated. What a proxy
 * makes of `ImplementationSpecific` is not told, save that `/` is every path.
 */
export function meetsPath({ type, value }: PathMatch, path: string | undefined): Ternary {
  if (type !== 'exact' && type !== 'regex' && value === '/') return Ternary.Yes;
  if (path === undefined || type === 'regex') return Ternary.Maybe;
  if (type === 'exact') return path === value ? Ternary.Yes : Ternary.No;
  if (type === 'prefix') return isElementPrefix(value, path) ? Ternary.Yes : Ternary.No;
  const isPlain = /^[\w/.~-]*$/.test(value);
  return isPlain && !path.startsWith(value) && !isElementPrefix(value, path) ? Ternary.No : Ternary.Maybe;
}

function isElementPrefix(prefix: string, path: string): boolean {
  const base = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return path === base || path.startsWith(`${base}/`);
}

/**
 * Orders alternatives as proxies must try them: an exact path, then the longest path, then a method, then the most
 * other conditions (Gateway API, HTTPRouteRule). For an Ingress: the longest path, exact before prefix at the same
 * length (networking/v1). What proxies are free to order goes before all, so that it is never left out. Negative when
 * `a` goes first.
 */
export function compareMatches(
  a: RequestMatch | undefined,
  b: RequestMatch | undefined,
  order: 'ingress' | 'gateway',
): number {
  const by = (measure: (match: RequestMatch | undefined) => number) => measure(b) - measure(a);
  const byExact = by((match) => Number(match?.path?.type === 'exact'));
  const byLength = by((match) => match?.path?.value.length ?? 1);
  return (
    by((match) => Number(isFreelyOrdered(match?.path))) ||
    (order === 'ingress' ? byLength || byExact : byExact || byLength) ||
    by((match) => Number(match?.method !== undefined)) ||
    by((match) => match?.others ?? 0)
  );
}

function isFreelyOrdered(path: PathMatch | undefined): boolean {
  return path?.type === 'regex' || (path?.type === 'unspecified' && path.value !== '/');
}
