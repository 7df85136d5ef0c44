/**
 * Throws filters that are half grammar and half noise at the parser, and the same as parameters of questions for groups at theirs:
 * node fuzz/filter.ts [--seconds N] [--seed S].
 * Prints the cases run; exits 1 with the failing text on a crash, a slow case, or a diagnostic outside the text.
 */
import fc from 'fast-check';
import { groupQuery, readQuery } from '../src/agent/api-query.ts';
import { parseAlertFilter, parseFlowFilter } from '../src/flow/filter.ts';
import { type FilterableReach, parseReachFilter } from '../src/flow/filter-reach.ts';
import type { FlowJson } from '../src/flow/json.ts';
import { AddressSet } from '../src/net/address-set.ts';
import { PortSet } from '../src/net/port-set.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const flow: FlowJson = {
  id: 'f',
  protocol: 'tcp',
  source: { address: '198.51.100.7', port: 40000, process: { pid: 1, comm: 'curl' } },
  destination: { address: '2001:db8::1', port: 80, identity: { kind: 'workload', name: 'shop/backend' } },
  state: 'established',
  seenBy: 'both',
  openedAt: 0,
  reachedDestination: true,
  preexisting: false,
};
const alert = { detector: 'port-scan', severity: 'high', entity: 'x', title: 'y', flows: [flow] };
const row: FilterableReach = {
  source: { kinds: ['workload'], name: 'shop/web', namespace: 'shop' },
  destination: { kinds: ['external'], name: '0.0.0.0/0', range: AddressSet.all },
  protocol: 'TCP',
  outcome: 'allow',
  ports: PortSet.all,
};

const pieces = [
  'src',
  'dst',
  'ip',
  'port',
  'proto',
  'verdict',
  'state',
  'ns',
  'severity',
  'bytes',
  'duration',
  'since',
  'vlan',
  'exporter',
  'source',
  'kind',
  'outcome',
  'src-workload',
  'pair',
  'minute',
  'toString',
  'constructor',
  '__proto__',
];
const signs = [
  '=',
  '!=',
  '>',
  '>=',
  '<',
  '(',
  ')',
  '"',
  ' ',
  ' and ',
  ' or ',
  ' not ',
  '*',
  ',',
  '-',
  '/',
  '\n',
  '\u0000',
];
const ends = [
  '10.0.0.0/8',
  '2001:db8::/32',
  '80',
  '80-90',
  'deny',
  'established',
  '*'.repeat(50),
  '999999',
  '💥',
  '\ud800',
];
const filter = fc
  .array(fc.oneof(fc.constantFrom(...pieces, ...signs, ...ends), fc.string({ maxLength: 8 })), {
    maxLength: 60,
  })
  .map((parts) => parts.join(''));

fuzz(fuzzOptions(), 200, (seed) => fc.sample(filter, { seed, numRuns: 500 }), run, JSON.stringify);

function run(text: string): void {
  const results = [
    parseFlowFilter(text, { now: 0 }),
    parseAlertFilter(text),
    parseReachFilter(text),
  ] as const;
  for (const parameter of ['by', 'bucket', 'count', 'order', 'from', 'top', 'since', text]) {
    const read = readQuery(groupQuery, { [parameter]: [text] });
    if ('problems' in read && read.problems.length === 0) throw new Error('refused without a problem');
  }
  if (results[0].ok) results[0].matches(flow);
  if (results[1].ok) results[1].matches(alert);
  if (results[2].ok) results[2].matches(row);
  for (const result of results) {
    if (result.ok) continue;
    if (result.diagnostics.length === 0) throw new Error('refused without a diagnostic');
    for (const { span } of result.diagnostics) {
      const inside =
        span !== undefined && span.start.offset <= span.end.offset && span.end.offset <= text.length;
      if (!inside) throw new Error('a diagnostic outside the text');
    }
  }
}
