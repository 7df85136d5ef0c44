import { nearest } from '../diagnostic/suggest.ts';
import { parseAddress } from '../net/address.ts';
import { hostPrefix, type Prefix, parsePrefix, prefixContains } from '../net/prefix.ts';
import { protocolName, protocolNumber } from '../net/protocol.ts';
import { type NumberFacet, overFacets, overNumber, type TextFacet } from './facets.ts';
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
import { parseMoment, parseQuantity, parseSpan } from './quantity.ts';
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

/** What a filter cannot know by itself. */
export interface FilterContext {
  /** ms since the epoch, for times such as `-1h`; without it they are refused. */
  readonly now?: number;
}

/** Reads a filter over flows. */
export function parseFlowFilter(text: string, { now }: FilterContext = {}): FilterResult<FlowJson> {
  return parseFilter(text, now === undefined ? flowVocabulary : flowVocabularyAt(now));
}

/** Reads a filter over alerts: their own keys, and the keys of flows, which hold when one of the alert's flows fits. */
export function parseAlertFilter(text: string, { now }: FilterContext = {}): FilterResult<FilterableAlert> {
  return parseFilter(text, now === undefined ? alertVocabulary : alertVocabularyAt(now));
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

const flowKeys = (now: number | undefined): [string, FilterKey<FlowJson>][] => [
  [
    'src',
    reads(
      ['source'],
      endKey('the opening end: address, CIDR, or name with * wildcards', 'src=10.0.0.0/8', (flow) => [
        flow.source,
      ]),
      fitsNoAddress,
    ),
  ],
  [
    'dst',
    reads(
      ['destination'],
      endKey('the other end: address, CIDR, or name with * wildcards', 'dst=shop/*', (flow) => [
        flow.destination,
      ]),
      fitsNoAddress,
    ),
  ],
  [
    'ip',
    reads(
      ['source', 'destination'],
      endKey('either end: address, CIDR, or name with * wildcards', 'ip=2001:db8::/32', ends),
      fitsNoAddress,
    ),
  ],
  ['port', portKey('destination port: number, range or list', 'port=80,443', 'destinationPort')],
  ['sport', portKey('source port: number, range or list', 'sport>=32768', 'sourcePort')],
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
        return overFacets(['protocol'], (flow) => flow.protocol === name, true);
      },
    },
  ],
  [
    'verdict',
    reads(
      ['verdict'],
      choiceKey(
        'what the declared policy says',
        'verdict=deny',
        outcomes,
        (flow) => flow.verdict?.outcome ?? 'unknown',
      ),
      always,
    ),
  ],
  [
    'state',
    reads(
      ['state'],
      choiceKey('how far the connection came', 'state=refused', states, (flow) => flow.state),
    ),
  ],
  [
    'seen',
    reads(
      ['seenBy'],
      choiceKey('whose view was seen', 'seen=both', seenBy, (flow) => flow.seenBy),
    ),
  ],
  [
    'process',
    reads(
      ['sourceProcess', 'destinationProcess'],
      textKey('name (with * wildcards) or number of a process at either end', 'process=curl', (flow) =>
        ends(flow).flatMap(({ process: task }) => (task ? [task.comm, String(task.pid)] : [])),
      ),
    ),
  ],
  [
    'identity',
    reads(
      ['source', 'destination'],
      textKey('declared name of either end, with * wildcards', 'identity=shop/front*', (flow) =>
        ends(flow).flatMap(namesOf),
      ),
      always,
    ),
  ],
  [
    'workload',
    reads(
      ['source', 'destination'],
      textKey('workload at either end, with * wildcards', 'workload=shop/*', (flow) =>
        ends(flow).flatMap(({ identity }) => (identity?.kind === 'workload' ? [identity.name] : [])),
      ),
      always,
    ),
  ],
  [
    'ns',
    reads(
      ['source', 'destination'],
      textKey('namespace of either end, with * wildcards', 'ns=shop', (flow) =>
        ends(flow).flatMap(namespaceOf),
      ),
      always,
    ),
  ],
  [
    'node',
    reads(
      ['source', 'destination'],
      textKey('node at either end, with * wildcards', 'node=edge-1', (flow) =>
        ends(flow).flatMap(({ identity }) => (identity?.kind === 'node' ? [identity.name] : [])),
      ),
      always,
    ),
  ],
  [
    'peer',
    reads(
      ['source', 'destination'],
      textKey('tunnel and peer at either end, with * wildcards', 'peer=wg0/*', (flow) =>
        ends(flow).flatMap(({ identity }) => (identity?.kind === 'peer' ? [identity.name] : [])),
      ),
      always,
    ),
  ],
  ['bytes', quantityKey('bytes both ways: number with k, M, G, KiB, MiB, or range', 'bytes>10MB', 'bytes')],
  ['packets', quantityKey('packets both ways: number or range', 'packets>=1k', 'packets')],
  ['sent', quantityKey('bytes from source to destination', 'sent>=1GiB', 'sent')],
  ['received', quantityKey('bytes from destination to source', 'received<100k', 'received')],
  ['duration', spanKey('from opening to end: 250ms, 30s, 5m, 2h', 'duration>5m')],
  ['since', momentKey('opened then or later: RFC 3339, a date, or how long ago', 'since=-1h', now, true)],
  [
    'until',
    momentKey('opened before: RFC 3339, a date, or how long ago', 'until=2026-11-23T10:00:00Z', now, false),
  ],
  [
    'vlan',
    reads(
      ['vlans'],
      textKey('VLAN id, of any tag', 'vlan=100', ({ vlans }) => (vlans ?? []).map(String)),
    ),
  ],
  [
    'tunnel',
    reads(
      ['tunnel'],
      textKey('kind of tunnel, or kind:id, with * wildcards', 'tunnel=vxlan:42', ({ tunnel }) =>
        tunnel === undefined
          ? []
          : [tunnel.kind, ...(tunnel.id === undefined ? [] : [`${tunnel.kind}:${tunnel.id}`])],
      ),
    ),
  ],
  ['name', namesKey('name that was looked up, of TLS or of HTTP, with * wildcards', 'name=*.example.com')],
  ['dns', namesKey('name that was looked up, with * wildcards', 'dns=api.example.com', 'dns')],
  ['tls', namesKey('server name of TLS, with * wildcards', 'tls=*.example.com', 'tls')],
  ['http', namesKey('host of HTTP, with * wildcards', 'http=www.example.com', 'http')],
  [
    'observer',
    reads(
      ['observation'],
      textKey('sensor or decoder that saw it, with * wildcards', 'observer=netflow-*', ({ observation }) =>
        observation === undefined ? [] : [observation.by],
      ),
      always,
    ),
  ],
  [
    'exporter',
    reads(
      ['observation'],
      textKey(
        'who told of it: exporter or file, with * wildcards',
        'exporter=198.51.100.1',
        ({ observation }) => (observation?.exporter === undefined ? [] : [observation.exporter]),
      ),
      always,
    ),
  ],
  [
    'interface',
    reads(
      ['observation'],
      textKey('interface it came in or went out by, with * wildcards', 'interface=eth*', ({ observation }) =>
        [observation?.input, observation?.output].filter((name) => name !== undefined),
      ),
    ),
  ],
];

const flowVocabularyAt = (now: number | undefined): Vocabulary<FlowJson> => ({
  keys: new Map(flowKeys(now)),
  word: (text) => {
    const wanted = text.toLowerCase();
    return overFacets(['source', 'destination', 'sourceProcess', 'destinationProcess', 'names'], (flow) =>
      wordsOf(flow).some((word) => word.toLowerCase().includes(wanted)),
    );
  },
});

const flowVocabulary = flowVocabularyAt(undefined);

const alertKeys: [string, FilterKey<FilterableAlert>][] = [
  [
    'detector',
    textKey('id of the detector, with * wildcards', 'detector=port-scan', ({ detector }) => [detector]),
  ],
  ['severity', choiceKey('severity', 'severity=high', severities, ({ severity }) => severity)],
  ['entity', textKey('who did it, with * wildcards', 'entity=shop/*', ({ entity }) => [entity])],
];

const alertVocabularyAt = (now: number | undefined): Vocabulary<FilterableAlert> => ({
  keys: new Map([...alertKeys, ...flowKeys(now).map(([name, key]) => [name, ofAnyFlow(key)] as const)]),
  word: (text) => {
    const wanted = text.toLowerCase();
    const inFlow = flowVocabulary.word(text);
    return (alert) =>
      [alert.title, alert.entity, alert.detector].some((part) => part.toLowerCase().includes(wanted)) ||
      alert.flows.some(inFlow);
  },
});

const alertVocabulary = alertVocabularyAt(undefined);

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
  return (end) => named(end.address) || namesOf(end).some(named);
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

/** The key with what its predicate looks at, so that a store can answer it for each value once. */
function reads(
  facets: readonly TextFacet[],
  key: FilterKey<FlowJson>,
  summed: (value: string) => boolean = () => false,
): FilterKey<FlowJson> {
  return {
    ...key,
    compile: (value, comparison) => {
      const compiled = key.compile(value, comparison);
      return typeof compiled === 'function' ? overFacets(facets, compiled, summed(value)) : compiled;
    },
  };
}

function always(): boolean {
  return true;
}

/** Sums keep the address of an end only where it has no name: a pattern that an address could fit asks for more. */
function fitsNoAddress(pattern: string): boolean {
  return /[^0-9a-f:.*/]/i.test(pattern);
}

/** A key over a number of a flow: a number, a range or a list, or a number with an order. */
function numberKey(
  doc: string,
  example: string,
  facet: NumberFacet,
  range: (text: string) => readonly [number, number] | undefined,
  wrong: (value: string) => ValueProblem,
): FilterKey<FlowJson> {
  return {
    doc,
    example,
    ordered: true,
    compile: (value, comparison) => {
      const ranges = value.split(',').map(range);
      if (ranges.some((one) => one === undefined)) return wrong(value);
      if (comparison === '=')
        return overNumber(facet, (number) => ranges.some((one) => number >= one![0] && number <= one![1]));
      const [low, high] = ranges[0]!;
      if (ranges.length > 1 || low !== high)
        return { problem: `"${comparison}" takes one number, not "${value}"` };
      return overNumber(facet, (number) => compare(number, low, comparison));
    },
  };
}

function portKey(doc: string, example: string, facet: NumberFacet): FilterKey<FlowJson> {
  return numberKey(doc, example, facet, portRange, (value) => ({
    problem: `"${value}" is no port`,
    help: 'ports are 0 to 65535, ranges 80-90, lists 80,443',
  }));
}

function quantityKey(doc: string, example: string, facet: NumberFacet): FilterKey<FlowJson> {
  return numberKey(
    doc,
    example,
    facet,
    (text) => rangeOf(text, parseQuantity),
    (value) => ({ problem: `"${value}" is no quantity`, help: 'for example 1500, 10k, 1.5MB or 64KiB' }),
  );
}

function spanKey(doc: string, example: string): FilterKey<FlowJson> {
  return numberKey(
    doc,
    example,
    'duration',
    (text) => rangeOf(text, parseSpan),
    (value) => ({ problem: `"${value}" is no duration`, help: 'for example 250ms, 30s, 5m, 2h or 1d' }),
  );
}

/** Returns both ends of `10-20`, or of one value twice. */
function rangeOf(
  text: string,
  parse: (text: string) => number | undefined,
): readonly [number, number] | undefined {
  const [low, high = low, more] = text.split('-').map(parse);
  return low === undefined || high === undefined || more !== undefined || low > high
    ? undefined
    : [low, high];
}

function momentKey(
  doc: string,
  example: string,
  now: number | undefined,
  since: boolean,
): FilterKey<FlowJson> {
  return {
    doc,
    example,
    compile: (value) => {
      const moment = parseMoment(value, now);
      if (moment === undefined) {
        const relative = parseMoment(value, 0) !== undefined;
        return {
          problem: relative
            ? `"${value}" needs the time of day, which is not known here`
            : `"${value}" is no time`,
          help: relative
            ? 'write 2026-11-23T10:00:00Z'
            : 'for example -1h, 2026-11-23 or 2026-11-23T10:00:00Z',
        };
      }
      return overNumber('openedAt', since ? (at) => at >= moment : (at) => at < moment);
    },
  };
}

function namesKey(doc: string, example: string, only?: 'dns' | 'tls' | 'http'): FilterKey<FlowJson> {
  return reads(
    ['names'],
    textKey(doc, example, ({ names }) =>
      (only === undefined ? [names?.dns, names?.tls, names?.http] : [names?.[only]]).filter(
        (name) => name !== undefined,
      ),
    ),
  );
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

/** The declared name, and that of what was called where NAT led on. */
function namesOf({ identity }: EndJson): string[] {
  if (identity === undefined) return [];
  return identity.via === undefined ? [identity.name] : [identity.name, identity.via];
}

/** Everything of a flow that a single word is looked for in. */
function wordsOf(flow: FlowJson): string[] {
  const { dns, tls, http } = flow.names ?? {};
  return [
    ...ends(flow).flatMap((end) => [
      end.address,
      ...namesOf(end),
      ...(end.process ? [end.process.comm] : []),
    ]),
    ...[dns, tls, http].filter((name) => name !== undefined),
  ];
}
