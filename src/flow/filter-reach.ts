import { AddressSet } from '../net/address-set.ts';
import { PortSet } from '../net/port-set.ts';
import { choiceKey, type FilterKeyHelp, helpOf, portRange, prefixOrProblem, textKey } from './filter.ts';
import {
  type Comparison,
  type FilterKey,
  type FilterResult,
  type Predicate,
  parseFilter,
  type ValueProblem,
  type Vocabulary,
} from './filter-parser.ts';
import type { Outcome } from './verdict.ts';
import { wildcard } from './wildcard.ts';

/** What a filter sees of a row or column of the reach matrix. */
export interface FilterableEnd {
  /** What sort of end it is, and of a workload its own kind too: `workload`, `Deployment`. */
  readonly kinds: readonly string[];
  readonly name: string;
  readonly namespace?: string | undefined;
  /** Of an end outside the cluster. */
  readonly range?: AddressSet;
}

/** The ports of one protocol on which one end may, may not, or perhaps may reach another. */
export interface FilterableReach {
  readonly source: FilterableEnd;
  readonly destination: FilterableEnd;
  /** Upper case. */
  readonly protocol: string;
  readonly outcome: Outcome;
  readonly ports: PortSet;
}

/** Reads a filter over the reach matrix; it is asked once for every pair, protocol and outcome that has ports. */
export function parseReachFilter(text: string): FilterResult<FilterableReach> {
  return parseFilter(text, vocabulary);
}

const outcomes: Readonly<Record<Outcome, true>> = { allow: true, deny: true, unknown: true };
const ends = ({ source, destination }: FilterableReach) => [source, destination] as const;

const vocabulary: Vocabulary<FilterableReach> = {
  keys: new Map<string, FilterKey<FilterableReach>>([
    [
      'source',
      endKey('who opens: name with * wildcards, address or CIDR', 'source=shop/*', ({ source }) => source),
    ],
    [
      'destination',
      endKey(
        'who is reached: name with * wildcards, address or CIDR',
        'destination=203.0.113.0/24',
        ({ destination }) => destination,
      ),
    ],
    [
      'namespace',
      textKey('namespace of either end, with * wildcards', 'namespace=shop', (row) =>
        ends(row).flatMap(({ namespace }) => (namespace === undefined ? [] : [namespace])),
      ),
    ],
    [
      'kind',
      textKey(
        'kind of either end: workload, external, entry, unseen, or that of a workload',
        'kind=external',
        (row) => ends(row).flatMap(({ kinds }) => kinds),
      ),
    ],
    [
      'protocol',
      choiceKey('protocol', 'protocol=udp', { tcp: true, udp: true, sctp: true }, ({ protocol }) =>
        protocol.toLowerCase(),
      ),
    ],
    ['port', portsKey()],
    [
      'outcome',
      choiceKey('what the declared controls say', 'outcome=unknown', outcomes, (row) => row.outcome),
    ],
  ]),
  word: (text) => {
    const wanted = text.toLowerCase();
    return (row) => ends(row).some(({ name }) => name.toLowerCase().includes(wanted));
  },
};

/** The keys of reach filters in the order of the help text. */
export const reachFilterKeys: readonly FilterKeyHelp[] = helpOf(vocabulary);

function endKey(
  doc: string,
  example: string,
  pick: (row: FilterableReach) => FilterableEnd,
): FilterKey<FilterableReach> {
  return {
    doc,
    example,
    compile: (value) => {
      const matches = endTest(value);
      return typeof matches === 'function' ? (row) => matches(pick(row)) : matches;
    },
  };
}

function endTest(value: string): Predicate<FilterableEnd> | ValueProblem {
  const prefix = prefixOrProblem(value);
  if (prefix !== undefined && 'problem' in prefix) return prefix;
  const named = wildcard(value);
  if (prefix === undefined) return ({ name }) => named(name);
  const wanted = AddressSet.ofPrefixes([prefix]);
  return ({ range }) => range?.overlaps(wanted) ?? false;
}

/** Holds when one of the ports fits. */
function portsKey(): FilterKey<FilterableReach> {
  return {
    doc: 'one of the ports: number, range or list',
    example: 'port=80,443',
    ordered: true,
    compile: (value, comparison) => {
      const wanted = portsOf(value, comparison);
      return wanted instanceof PortSet ? ({ ports }) => ports.overlaps(wanted) : wanted;
    },
  };
}

function portsOf(value: string, comparison: Comparison): PortSet | ValueProblem {
  const ranges = value.split(',').map(portRange);
  let set = PortSet.empty;
  for (const range of ranges) {
    if (range === undefined)
      return { problem: `"${value}" is no port`, help: 'ports are 0 to 65535, ranges 80-90, lists 80,443' };
    set = set.union(PortSet.range(range[0], range[1]));
  }
  if (comparison === '=') return set;
  const [low, high] = ranges[0]!;
  if (ranges.length > 1 || low !== high) {
    return { problem: `"${comparison}" takes one number, not "${value}"` };
  }
  if (comparison === '<=') return PortSet.range(0, low);
  if (comparison === '>=') return PortSet.range(low, 65_535);
  if (comparison === '<') return low === 0 ? PortSet.empty : PortSet.range(0, low - 1);
  return low === 65_535 ? PortSet.empty : PortSet.range(low + 1, 65_535);
}
