import { Ternary } from '../ternary.ts';

/** How Istio compares texts: exact, `abc*`, `*abc`, or `*` for anything that is there. */
export interface StringMatcher {
  readonly kind: 'exact' | 'prefix' | 'suffix' | 'presence';
  readonly text: string;
}

/** Returns the matcher that a value of an AuthorizationPolicy writes (istio.io/docs, Authorization Policy, "Rule"). */
export function compileString(value: string): StringMatcher {
  if (value === '*') return { kind: 'presence', text: '' };
  if (value.startsWith('*')) return { kind: 'suffix', text: value.slice(1) };
  if (value.endsWith('*')) return { kind: 'prefix', text: value.slice(0, -1) };
  return { kind: 'exact', text: value };
}

/** Returns whether the matcher takes `text`; presence takes every text but the empty one. */
export function matchesString({ kind, text: wanted }: StringMatcher, text: string): boolean {
  if (kind === 'exact') return text === wanted;
  if (kind === 'prefix') return text.startsWith(wanted);
  if (kind === 'suffix') return text.endsWith(wanted);
  return text !== '';
}

/** Trust domain that policies may always write for the mesh's own (istio.io/docs, "Trust Domain Migration"). */
export const localTrustDomain = 'cluster.local';

/**
 * Returns whether the matcher takes the principal `<trust domain>/<rest>`. `Maybe` when it would under another trust
 * domain, as which other domains are aliases of the mesh's own stands in the mesh configuration, not in manifests.
 */
export function matchesPrincipal(matcher: StringMatcher, trustDomain: string, rest: string): Ternary {
  if (matchesString(matcher, `${localTrustDomain}/${rest}`)) return Ternary.Yes;
  if (trustDomain !== localTrustDomain && matchesString(matcher, `${trustDomain}/${rest}`))
    return Ternary.Yes;
  const { kind, text } = matcher;
  const slash = text.indexOf('/');
  if (kind === 'exact') return slash > 0 && text.slice(slash + 1) === rest ? Ternary.Maybe : Ternary.No;
  if (kind === 'prefix') {
    return slash !== 0 && (slash < 0 || rest.startsWith(text.slice(slash + 1))) ? Ternary.Maybe : Ternary.No;
  }
  return text.length > rest.length + 1 && text.endsWith(`/${rest}`) ? Ternary.Maybe : Ternary.No;
}

/** Returns whether `text` fits a pattern in which every `*` stands for any characters. Linear in pattern × text at worst. */
export function matchesGlob(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] as string;
  if (parts.length === 1) return first === text;
  const last = parts.at(-1) as string;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** A path template: segments, with `{*}` for one and `{**}`, at most once, for one or more that may be empty. */
export interface PathTemplate {
  readonly head: readonly string[];
  /** Undefined without `{**}`. */
  readonly tail: readonly string[] | undefined;
}

const one = '{*}';
const any = '{**}';

/** Returns whether a value of `paths` is a template rather than a text. */
export function isPathTemplate(value: string): boolean {
  return value.includes(one) || value.includes(any);
}

/**
 * Returns the compiled template, or what is wrong with it: an operator must be a whole segment, `{**}` the last
 * operator, and `*` must not stand beside them (istio.io/docs, Authorization Policy, "Operation", `paths`).
 */
export function compilePathTemplate(value: string): PathTemplate | string {
  const segments = value.split('/');
  for (const segment of segments) {
    if (segment === one || segment === any) continue;
    if (segment.includes('{') || segment.includes('}'))
      return `in \`${value}\` an operator is not a whole segment`;
    if (segment.includes('*')) return `\`${value}\` has \`*\` beside a template operator`;
  }
  const at = segments.indexOf(any);
  if (at < 0) return { head: segments, tail: undefined };
  const tail = segments.slice(at + 1);
  if (tail.includes(one) || tail.includes(any)) return `in \`${value}\` \`${any}\` is not the last operator`;
  return { head: segments.slice(0, at), tail };
}

/** Returns whether the template takes the path. */
export function matchesPathTemplate({ head, tail }: PathTemplate, path: string): boolean {
  const segments = path.split('/');
  const fixed = head.length + (tail?.length ?? 0);
  if (tail === undefined ? segments.length !== fixed : segments.length <= fixed) return false;
  const ending = tail ?? [];
  return (
    head.every((wanted, i) => fits(wanted, segments[i] as string)) &&
    ending.every((wanted, i) => fits(wanted, segments[segments.length - ending.length + i] as string))
  );
}

function fits(wanted: string, segment: string): boolean {
  return wanted === one ? segment !== '' : wanted === segment;
}
