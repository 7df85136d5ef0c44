/** The wildcard host matches one label (Ingress), or one and more (Gateway API). */
export type WildcardReach = 'one-label' | 'many-labels';

/**
 * Returns whether a host name is covered by a pattern: the name itself, or `*.` and a suffix. Case does not count.
 * A wildcard never covers its bare suffix (networking/v1 IngressRule; Gateway API, Hostname).
 */
export function hostMatches(pattern: string, host: string, reach: WildcardReach): boolean {
  const [wanted, name] = [pattern.toLowerCase(), host.toLowerCase()];
  if (!wanted.startsWith('*.')) return wanted === name;
  const suffix = wanted.slice(1);
  if (!name.endsWith(suffix) || name.length === suffix.length) return false;
  return reach === 'many-labels' || !name.slice(0, -suffix.length).includes('.');
}

/** Returns whether some host name is covered by both patterns, wildcards of the Gateway API meant. */
export function hostsIntersect(a: string, b: string): boolean {
  const [one, other] = [a.toLowerCase(), b.toLowerCase()];
  if (one === other) return true;
  if (!other.startsWith('*.')) return hostMatches(one, other, 'many-labels');
  // `*.a.test` lies within `*.test`.
  const suffix = (pattern: string) => pattern.slice(1);
  if (!one.startsWith('*.')) return hostMatches(other, one, 'many-labels');
  return suffix(one).endsWith(suffix(other)) || suffix(other).endsWith(suffix(one));
}

/**
 * Returns how exactly a pattern names a host, for comparing: any exact name before any wildcard, longer wildcards
 * before shorter ones, the absent pattern last (networking/v1 IngressRule; Gateway API, HTTPRoute hostnames).
 */
export function hostRank(pattern: string | undefined): number {
  if (pattern === undefined || pattern === '') return 0;
  return pattern.startsWith('*.') ? pattern.length : 1000 + pattern.length;
}
