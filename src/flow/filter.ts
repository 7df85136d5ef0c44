import { nearest } from '../diagnostic/suggest.ts';
import { parseAddress } from '../net/address.ts';
import { hostPrefix, type Prefix, parsePrefix, prefixContains } from '../net/prefix.ts';
import { protocolName, protocolNumber } from '../net/protocol.ts';
import {
  type Comparison,
  type FilterKey,
  type FilterResult,
  type Predicate,
  parseFilter,
  type ValueProblem,
  type Vocabulary,
} from './filter-parser.ts';
import type { FlowState, SeenBy } from './flow.ts';
import type { EndJson, FlowJson } from './json.ts';
import type { Outcome } from './verdict.ts';
import { wildcard } from './wildcard.ts';

/** What the filter looks at in an alert. */
export interface FilterableAlert {
  readonly detector: string;
  readonly severity: string;
  readonly entity: string;
  readonly title: string;
  readonly flows: readonly FlowJson[];
}

/** A key of a filter, for help texts and completion. */
export interface FilterKeyHelp {
  readonly key: string;
  readonly doc: string;
  readonly example: string;
}

/** Reads a filter over flows. */
export function parseFlowFilter(text: string): FilterResult<FlowJson> {
  return parseFilter(text, flowVocabulary);
}

/** Reads a filter over alerts: their own keys, and the keys of flows, which hold when one of the alert's flows fits. */
export function parseAlertFilter(text: string): FilterResult<FilterableAlert> {
  return parseFilter(text, alertVocabulary);
}

const states: Readonly<Record<FlowState, true>> = {
  attempted: true,
  unanswered: true,
  established: true,
  refused: true,
  'timed-out': true,
  unreachable: true,
  aborted: true,
  closed: true,
};
const outcomes: Readonly<Record<Outcome, true>> = { allow: true, deny: true, unknown: true };
const seenBy: Readonly<Record<SeenBy, true>> = {
  source: true,
  destination: true,
  both: true,
  network: true,
};
const severities = { critical: true, high: true, medium: true, low: true } as const;

const ends = ({ source, destination }: FlowJson) => [source, destination] as const;

const flowKeys: [string, FilterKey<FlowJson>][] = [
  [
    'src',
    endKey('the opening end: address, CIDR, or name with * wildcards', 'src=10.0.0.0/8', (flow) => [
      flow.source,
    ]),
  ],
  [
    'dst',
    endKey('the other end: address, CIDR, or name with * wildcards', 'dst=shop/*', (flow) => [
      flow.destination,
    ]),
  ],
  ['ip', endKey('either end: address, CIDR, or name with * wildcards', 'ip=2001:db8::/32', ends)],
  [
    'port',
    portKey('destination port: number, range or list', 'port=80,443', (flow) => flow.destination.port),
  ],
  ['sport', portKey('source port: number, range or list', 'sport>=32768', (flow) => flow.source.port)],
  [
    'proto',
    {
      doc: 'protocol name or number',
      example: 'proto=tcp',
      compile: (value) => {
        const number = protocolNumber(value);
        if (number === undefined)
          return { problem: `"${value}" is no protocol`, help: 'for example tcp, udp or 132' };
        const name = protocolName(number);
        return (flow) => flow.protocol === name;
      },
    },
  ],
  [
    'verdict',
    choiceKey(
      'what the declared policy says',
      'verdict=deny',
      outcomes,
      (flow) => flow.verdict?.outcome ?? 'unknown',
    ),
  ],
  ['state', choiceKey('how far the connection came', 'state=refused', states, (flow) => flow.state)],
  ['seen', choiceKey('whose view was seen', 'seen=both', seenBy, (flow) => flow.seenBy)],
  [
    'process',
    textKey('name (with * wildcards) or number of a process at either end', 'process=curl', (flow) =>
      ends(flow).flatMap(({ process: task }) => (task ? [task.comm, String(task.pid)] : [])),
    ),
  ],
  [
    'identity',
    textKey('declared name of either end, with * wildcards', 'identity=shop/front*', (flow) =>
      ends(flow).flatMap(({ identity }) => (identity ? [identity.name] : [])),
    ),
  ],
  [
    'workload',
    textKey('workload at either end, with * wildcards', 'workload=shop/*', (flow) =>
      ends(flow).flatMap(({ identity }) => (identity?.kind === 'workload' ? [identity.name] : [])),
    ),
  ],
  [
    'ns',
    textKey('namespace of either end, with * wildcards', 'ns=shop', (flow) =>
      ends(flow).flatMap(namespaceOf),
    ),
  ],
];

const flowVocabulary: Vocabulary<FlowJson> = {
  keys: new Map(flowKeys),
  word: (text) => {
    const wanted = text.toLowerCase();
    return (flow) => wordsOf(flow).some((word) => word.toLowerCase().includes(wanted));
  },
};

const alertKeys: [string, FilterKey<FilterableAlert>][] = [
  [
    'detector',
    textKey('id of the detector, with * wildcards', 'detector=port-scan', ({ detector }) => [detector]),
  ],
  ['severity', choiceKey('severity', 'severity=high', severities, ({ severity }) => severity)],
  ['entity', textKey('who did it, with * wildcards', 'entity=shop/*', ({ entity }) => [entity])],
];

const alertVocabulary: Vocabulary<FilterableAlert> = {
  keys: new Map([...alertKeys, ...flowKeys.map(([name, key]) => [name, ofAnyFlow(key)] as const)]),
  word: (text) => {
    const wanted = text.toLowerCase();
    const inFlow = flowVocabulary.word(text);
    return (alert) =>
      [alert.title, alert.entity, alert.detector].some((part) => part.toLowerCase().includes(wanted)) ||
      alert.flows.some(inFlow);
  },
};

/** The keys of flow filters in the order of the help text. */
export const flowFilterKeys: readonly FilterKeyHelp[] = helpOf(flowVocabulary);

/** The keys of alert filters in the order of the help text. */
export const alertFilterKeys: readonly FilterKeyHelp[] = helpOf(alertVocabulary);

/** Returns the keys of a vocabulary in their order, for help texts. */
export function helpOf<T>({ keys }: Vocabulary<T>): FilterKeyHelp[] {
  return [...keys].map(([key, { doc, example }]) => ({ key, doc, example }));
}

function ofAnyFlow(key: FilterKey<FlowJson>): FilterKey<FilterableAlert> {
  return {
    ...key,
    compile: (value, comparison) => {
      const compiled = key.compile(value, comparison);
      return typeof compiled === 'function' ? ({ flows }) => flows.some(compiled) : compiled;
    },
  };
}

function endKey(
  doc: string,
  example: string,
  pick: (flow: FlowJson) => readonly EndJson[],
): FilterKey<FlowJson> {
  return {
    doc,
    example,
    compile: (value) => {
      const matches = endTest(value);
      return typeof matches === 'function' ? (flow) => pick(flow).some(matches) : matches;
    },
  };
}

function endTest(value: string): Predicate<EndJson> | ValueProblem {
  const prefix = prefixOrProblem(value);
  if (prefix !== undefined && 'problem' in prefix) return prefix;
  if (prefix !== undefined) {
    return ({ address }) => {
      const parsed = parseAddress(address);
      return parsed !== undefined && prefixContains(prefix, parsed);
    };
  }
  const named = wildcard(value);
  return ({ address, identity }) => named(address) || (identity !== undefined && named(identity.name));
}

/** Returns the prefix of an address or CIDR, why a text that looks like one is none, or undefined for a name. */
export function prefixOrProblem(value: string): Prefix | ValueProblem | undefined {
  const address = parseAddress(value);
  const prefix = address === undefined ? parsePrefix(value) : hostPrefix(address);
  if (prefix !== undefined) return prefix;
  if (/^[0-9.]+(\/[0-9]*)?$/.test(value) || /^[0-9a-f:]*:[0-9a-f:.]*(\/[0-9]*)?$/i.test(value)) {
    return {
      problem: `"${value}" is neither an address nor a CIDR`,
      help: 'for example 198.51.100.7 or 2001:db8::/32',
    };
  }
  return undefined;
}

function portKey(doc: string, example: string, pick: (flow: FlowJson) => number): FilterKey<FlowJson> {
  return {
    doc,
    example,
    ordered: true,
    compile: (value, comparison) => {
      const ranges = value.split(',').map(portRange);
      const wrong = {
        problem: `"${value}" is no port`,
        help: 'ports are 0 to 65535, ranges 80-90, lists 80,443',
      };
      if (ranges.some((range) => range === undefined)) return wrong;
      if (comparison === '=') {
        return (flow) => ranges.some((range) => pick(flow) >= range![0] && pick(flow) <= range![1]);
      }
      const [low, high] = ranges[0]!;
      if (ranges.length > 1 || low !== high)
        return { problem: `"${comparison}" takes one number, not "${value}"` };
      return (flow) => compare(pick(flow), low, comparison);
    },
  };
}

/** Returns the ports of `80` or `80-90`; undefined for anything else. */
export function portRange(text: string): readonly [number, number] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const low = Number(match[1]);
  const high = Number(match[2] ?? match[1]);
  return low <= high && high <= 65_535 ? [low, high] : undefined;
}

function compare(value: number, limit: number, comparison: Exclude<Comparison, '='>): boolean {
  if (comparison === '>') return value > limit;
  if (comparison === '>=') return value >= limit;
  return comparison === '<' ? value < limit : value <= limit;
}

/** A key whose values are one or more of `choices`, separated by commas. */
export function choiceKey<T>(
  doc: string,
  example: string,
  choices: Readonly<Record<string, true>>,
  pick: (record: T) => string,
): FilterKey<T> {
  return {
    doc,
    example,
    compile: (value) => {
      const wanted = value.toLowerCase().split(',');
      const wrong = wanted.find((choice) => !Object.hasOwn(choices, choice));
      if (wrong === undefined) return (record) => wanted.includes(pick(record));
      const meant = nearest(wrong, Object.keys(choices));
      const help =
        meant === undefined ? `one of ${Object.keys(choices).join(', ')}` : `did you mean ${meant}?`;
      return { problem: `"${wrong}" is none of the values that this key can have`, help };
    },
  };
}

/** A key that compares texts of a record with a pattern, in which `*` stands for anything. */
export function textKey<T>(
  doc: string,
  example: string,
  pick: (record: T) => readonly string[],
): FilterKey<T> {
  return {
    doc,
    example,
    compile: (value) => {
      const matches = wildcard(value);
      return (record) => pick(record).some(matches);
    },
  };
}

/** The part before the slash of a Kubernetes name. */
function namespaceOf({ identity }: EndJson): string[] {
  if (identity?.kind !== 'workload' && identity?.kind !== 'service') return [];
  const slash = identity.name.indexOf('/');
  return slash < 0 ? [] : [identity.name.slice(0, slash)];
}

/** Everything of a flow that a single word is looked for in. */
function wordsOf(flow: FlowJson): string[] {
  return ends(flow).flatMap(({ address, identity, process: task }) => [
    address,
    ...(identity ? [identity.name] : []),
    ...(task ? [task.comm] : []),
  ]);
}
