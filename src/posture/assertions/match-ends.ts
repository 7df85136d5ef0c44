import { nearest } from '../../diagnostic/suggest.ts';
import { wildcard } from '../../flow/wildcard.ts';
import { AddressSet } from '../../net/address-set.ts';
import { addressesOf } from '../../segmentation/endpoint.ts';
import { matches } from '../../segmentation/label-selector.ts';
import { type Workload, workloadName } from '../../segmentation/model.ts';
import { Ternary } from '../../segmentation/ternary.ts';
import { reachEndText } from '../reach/end.ts';
import type { EndPattern } from './model.ts';
import type { NamedEnd, ReachIndex } from './reach-index.ts';

/** What a pattern means: ends with a name, by number, and addresses outside. */
export interface Matched {
  readonly ends: ReadonlySet<number>;
  readonly range: AddressSet;
}

export interface MatchOptions {
  /** Whether `internet` also means the ways in from outside, which carry connections from there. */
  readonly entries: boolean;
  /** Whether pods count whose controller-set labels decide, which no manifest tells. */
  readonly doubtful: boolean;
}

/** Returns the ends of the matrix that a pattern means. */
export function matchEnds(pattern: EndPattern, index: ReachIndex, options: MatchOptions): Matched {
  const range = rangeOf(pattern, index);
  const isMeant = workloadTest(pattern, range, options);
  const ends = new Set<number>();
  for (const [number, end] of index.ends.entries()) {
    const meant = end.kind === 'workload' ? isMeant(end.workload) : otherTest(pattern, end, options);
    if (meant) ends.add(number);
  }
  return { ends, range: range?.subtract(index.podAddresses) ?? AddressSet.empty };
}

/** The addresses that a pattern names; a host of the site file goes before a namespace. */
function rangeOf(pattern: EndPattern, { declared }: ReachIndex): AddressSet | undefined {
  if (pattern.kind === 'internet' || pattern.kind === 'any') return AddressSet.all;
  if (pattern.kind === 'addresses') return pattern.range;
  if (pattern.kind !== 'word') return undefined;
  const host = declared.hosts.find(({ name }) => name === pattern.word);
  return host && AddressSet.ofPrefixes(host.prefixes);
}

function workloadTest(
  pattern: EndPattern,
  range: AddressSet | undefined,
  { doubtful }: MatchOptions,
): (workload: Workload) => boolean {
  switch (pattern.kind) {
    case 'any':
      return () => true;
    case 'name': {
      const matchesName = wildcard(pattern.glob);
      const withKind = pattern.glob.split('/').length === 3;
      return (workload) =>
        matchesName(withKind ? `${workload.kind}/${workloadName(workload)}` : workloadName(workload));
    }
    case 'word':
      return range === undefined ? ({ namespace }) => namespace.name === pattern.word : () => false;
    case 'addresses':
      return (workload) => addressesOf(workload).some((address) => pattern.range.contains(address));
    case 'labels': {
      const { namespace = '*', name = '*', workloadKind = '*', selector } = pattern;
      const tests = [wildcard(namespace), wildcard(name), wildcard(workloadKind)] as const;
      const least = doubtful ? Ternary.Maybe : Ternary.Yes;
      return (workload) =>
        tests[0](workload.namespace.name) &&
        tests[1](workload.name) &&
        tests[2](workload.kind) &&
        matches(selector, workload.labels) >= least;
    }
    default:
      return () => false;
  }
}

function otherTest(
  pattern: EndPattern,
  end: Exclude<NamedEnd, { kind: 'workload' }>,
  { entries }: MatchOptions,
): boolean {
  if (pattern.kind === 'any') return true;
  if (pattern.kind === 'internet') return entries && end.kind === 'entry';
  return pattern.kind === 'entry' && wildcard(pattern.glob)(end.text);
}

/** Returns what a person may have meant by a text that matches nothing. */
export function didYouMean(text: string, { ends, declared }: ReachIndex): string {
  const known = new Set<string>(['internet', 'any']);
  for (const end of ends) known.add(reachEndText(end));
  for (const { name } of declared.hosts) known.add(name);
  for (const { namespace } of declared.inventory.workloads) known.add(namespace.name);
  const bare = declared.inventory.workloads.find(({ name }) => name === text);
  const near = bare === undefined ? nearest(text, known) : workloadName(bare);
  if (near !== undefined) return `did you mean ${near}?`;
  const some = declared.inventory.workloads.slice(0, 5).map(workloadName);
  return some.length === 0 ? 'the manifests declare no workload' : `there are e.g. ${some.join(', ')}`;
}

/** Returns what any of several patterns means. */
export function mergeMatched(list: readonly Matched[]): Matched {
  return {
    ends: new Set(list.flatMap(({ ends }) => [...ends])),
    range: list.reduce((set, { range }) => set.union(range), AddressSet.empty),
  };
}

/** Whether a pattern means nothing at all. */
export function isNothing({ ends, range }: Matched): boolean {
  return ends.size === 0 && range.isEmpty;
}
