import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alertFilterKeys, flowFilterKeys, parseAlertFilter, parseFlowFilter } from './filter.ts';
import type { FlowJson } from './json.ts';

const base: FlowJson = {
  id: 'f1',
  protocol: 'tcp',
  source: {
    address: '198.51.100.7',
    port: 40000,
    identity: { kind: 'workload', name: 'shop/frontend' },
    process: { pid: 1234, comm: 'curl' },
  },
  destination: { address: '2001:db8::5', port: 3000, identity: { kind: 'service', name: 'data/Postgres' } },
  state: 'refused',
  seenBy: 'both',
  openedAt: 1,
  reachedDestination: true,
  preexisting: false,
  verdict: { outcome: 'deny', reasons: [] },
};

function matches(filter: string, flow: FlowJson = base): boolean {
  const result = parseFlowFilter(filter);
  if (!result.ok) throw new Error(`${filter}: ${result.diagnostics[0]?.message}`);
  return result.matches(flow);
}

test.each([
  ['', true],
  ['  ', true],
  ['src=198.51.100.7', true],
  ['src=198.51.100.0/24', true],
  ['src=198.51.101.0/24', false],
  ['src!=198.51.101.0/24', true],
  ['dst=2001:db8::/32', true],
  ['dst=2001:0DB8:0::5', true],
  ['dst=198.51.100.7', false],
  ['ip=198.51.100.7 ip=2001:db8::5', true],
  ['src=shop/*', true],
  ['src=*END', true],
  ['src=frontend', false],
  ['dst=data/postgres', true],
  ['port=3000', true],
  ['port=80,2999-3001', true],
  ['port=80,443', false],
  ['port>2999 port<=3000', true],
  ['port > 3000', false],
  ['port >= 3000', true],
  ['sport<40000', false],
  ['proto=TCP', true],
  ['proto=6', true],
  ['proto=udp', false],
  ['verdict=deny', true],
  ['VERDICT = allow,deny', true],
  ['verdict!=deny', false],
  ['state=refused and seen=both', true],
  ['process=curl', true],
  ['process=1234', true],
  ['process=cur', false],
  ['process=c*l', true],
  ['identity=data/*', true],
  ['workload=data/*', false],
  ['workload=shop/front*', true],
  ['ns=shop ns=data', true],
  ['ns=frontend', false],
  ['front', true],
  ['POSTGRES', true],
  ['db8::', true],
  ['"shop/front"', true],
  ['"and"', false],
  ['nginx', false],
  ['not nginx', true],
  ['not not nginx', false],
  ['nginx or curl', true],
  ['nginx or curl and port=1', false],
  ['(nginx or curl) and port=3000', true],
  ['curl (port=1 or port=3000) not(udp)', true],
  ['not port=1 curl', true],
  ['Not port=1 AND curl Or nginx', true],
  ['port="3000"', true],
])('%s is %s', (filter, expected) => {
  expect(matches(filter)).toBe(expected);
});

const counted: FlowJson = {
  ...base,
  openedAt: Date.UTC(2026, 10, 23, 10),
  closedAt: Date.UTC(2026, 10, 23, 10, 0, 30),
  sent: { packets: 10, bytes: 1_000 },
  received: { packets: 20, bytes: 64 * 1024 },
  vlans: [100, 7],
  tunnel: { kind: 'vxlan', id: 42 },
  names: { dns: 'api.example.com', tls: 'api.example.com' },
  observation: { by: 'netflow-v9', exporter: '198.51.100.1', input: 'eth0', output: 'eth1' },
};

test.each([
  ['sent=1k', true],
  ['sent>1k', false],
  ['received=64KiB', true],
  ['received>=65.5k', true],
  ['bytes>66kb bytes<1MB', true],
  ['packets=30', true],
  ['packets=10-29,31', false],
  ['duration=30s', true],
  ['duration>0.5m', false],
  ['duration>=29999ms', true],
  ['since=2026-11-23', true],
  ['since=2026-11-23T10:00:00Z until=2026-11-23T10:00:01Z', true],
  ['until=2026-11-23T11:00:00+01:00', false],
  ['since=-1h', true],
  ['since=30m', false],
  ['vlan=7', true],
  ['vlan=10', false],
  ['tunnel=vxlan', true],
  ['tunnel=vxlan:42', true],
  ['tunnel=gre', false],
  ['name=*.example.com', true],
  ['dns=api* tls=api*', true],
  ['http=api*', false],
  ['observer=netflow-* exporter=198.51.100.1', true],
  ['interface=eth1', true],
  ['interface=eth2', false],
  ['node=*', false],
  ['example', true],
])('%s of a flow that was counted is %s', (filter, expected) => {
  const result = parseFlowFilter(filter, { now: Date.UTC(2026, 10, 23, 10, 45) });
  if (!result.ok) throw new Error(`${filter}: ${result.diagnostics[0]?.message}`);
  expect(result.matches(counted)).toBe(expected);
});

test('a tunnel peer is found by tunnel and endpoint, and is nothing else', () => {
  const identity = { kind: 'peer', name: 'wg0/hub.example.com' } as const;
  const flow: FlowJson = { ...base, destination: { ...base.destination, identity } };
  for (const filter of [
    'peer=wg0/*',
    'peer=WG0/hub.example.com',
    'peer=*hub*',
    'dst=wg0/*',
    'identity=wg0/*',
  ])
    expect([filter, matches(filter, flow), matches(filter)]).toEqual([filter, true, false]);
  for (const filter of ['peer=wg1/*', 'workload=wg0/*', 'node=wg0/*', 'ns=wg0'])
    expect([filter, matches(filter, flow)]).toEqual([filter, false]);
  expect(matches('peer!=wg0/*')).toBe(true);
});

test('what nobody counted is neither more nor less than anything', () => {
  for (const filter of ['bytes>0', 'bytes=0', 'bytes<1G', 'packets>=0', 'duration<1d'])
    expect(matches(filter), filter).toBe(false);
});

test('a flow without a verdict counts as unknown', () => {
  const { verdict: _, ...flow } = base;
  expect(matches('verdict=unknown', flow)).toBe(true);
});

describe('what cannot be read', () => {
  const problems = (filter: string, parse: typeof parseFlowFilter = parseFlowFilter) => {
    const result = parse(filter);
    return result.ok
      ? []
      : result.diagnostics.map(
          ({ code, message, help, span }) =>
            `${code} ${span?.start.column}-${span?.end.column} ${message}${help ? `; ${help}` : ''}`,
        );
  };

  test.each([
    ['verdict=deny and', 'PKT0400 17-17 a term is missing at the end'],
    ['or a', 'PKT0400 1-3 a term is missing before "or"'],
    ['a and or b', 'PKT0400 7-9 a term is missing before "or"'],
    ['(a or b', 'PKT0400 1-2 this parenthesis is never closed'],
    ['a) b', 'PKT0400 2-3 no parenthesis is open here'],
    ['()', 'PKT0400 2-3 a term is missing before the parenthesis'],
    ['"a', 'PKT0400 1-2 this quote is never closed'],
    ['=80', 'PKT0400 1-2 a key is missing before the operator'],
    ['port=', 'PKT0400 1-6 "port=" has no value'],
    ['port= )', 'PKT0400 1-6 "port=" has no value'],
    ['not', 'PKT0400 4-4 a term is missing at the end'],
    ['vedict=deny', 'PKT0401 1-7 there is no key "vedict"; did you mean verdict?'],
    [
      'xyzzy=1',
      `PKT0401 1-6 there is no key "xyzzy"; keys are ${flowFilterKeys.map(({ key }) => key).join(', ')}`,
    ],
    ['severity=high', 'PKT0401 1-9 there is no key "severity"'],
    [
      'state=refusd',
      'PKT0402 7-13 "refusd" is none of the values that this key can have; did you mean refused?',
    ],
    ['port=http', 'PKT0402 6-10 "http" is no port; ports are 0 to 65535, ranges 80-90, lists 80,443'],
    ['port=70000', 'PKT0402 6-11 "70000" is no port'],
    ['port=90-80', 'PKT0402 6-11 "90-80" is no port'],
    ['port>80-90', 'PKT0402 6-11 ">" takes one number, not "80-90"'],
    ['src=198.51.100', 'PKT0402 5-15 "198.51.100" is neither an address nor a CIDR'],
    ['src=198.51.100.0/33', 'PKT0402 5-20 "198.51.100.0/33" is neither an address nor a CIDR'],
    ['src=2001:db8::/129', 'PKT0402 5-19 "2001:db8::/129" is neither'],
    ['bytes>10X', 'PKT0402 7-10 "10X" is no quantity; for example 1500, 10k, 1.5MB or 64KiB'],
    ['duration>5', 'PKT0402 10-11 "5" is no duration; for example 250ms, 30s, 5m, 2h or 1d'],
    ['since=yesterday', 'PKT0402 7-16 "yesterday" is no time; for example -1h'],
    ['since=-1h', 'PKT0402 7-10 "-1h" needs the time of day, which is not known here'],
    ['exproter=x', 'PKT0401 1-9 there is no key "exproter"; did you mean exporter?'],
    ['proto=tpc', 'PKT0402 7-10 "tpc" is no protocol'],
    [
      'state>refused',
      'PKT0403 6-7 "state" has no order, so ">" says nothing; write state=refused or state!=refused',
    ],
  ])('%s', (filter, expected) => {
    expect(problems(filter)).toHaveLength(1);
    expect(problems(filter)[0]).toContain(expected);
  });

  test('several wrong terms are told at once', () => {
    expect(problems('prot=1 and (state=x or poort=2)')).toHaveLength(3);
  });

  test('size and depth have limits', () => {
    expect(problems('a'.repeat(5000))[0]).toContain('PKT0404');
    expect(problems('('.repeat(1000))[0]).toContain('PKT0404');
    expect(problems('not '.repeat(1000))[0]).toContain('PKT0404');
    expect(problems(`${'('.repeat(30)}a${')'.repeat(30)} ${'(b) '.repeat(500)}`)).toEqual([]);
  });
});

test('alerts have keys of their own, and match by any of their flows', () => {
  const alert = {
    detector: 'port-scan',
    severity: 'high',
    entity: 'shop/frontend',
    title: 'Port scan: shop/frontend tried 200 ports',
    flows: [base],
  };
  const is = (filter: string) => {
    const result = parseAlertFilter(filter);
    return result.ok && result.matches(alert);
  };
  expect(is('detector=port-* severity=high,critical entity=shop/*')).toBe(true);
  expect(is('severity=low')).toBe(false);
  expect(is('port=3000 src=198.51.100.0/24')).toBe(true);
  expect(is('port!=3000')).toBe(false);
  expect(is('"200 ports" or nothing')).toBe(true);
  expect(is('curl')).toBe(true);
  expect(is('nginx')).toBe(false);
  expect(parseAlertFilter('severity=hihg').ok).toBe(false);
});

test('the example of every key is a valid filter', () => {
  for (const { example } of flowFilterKeys)
    expect(parseFlowFilter(example, { now: 0 }).ok, example).toBe(true);
  for (const { example } of alertFilterKeys)
    expect(parseAlertFilter(example, { now: 0 }).ok, example).toBe(true);
});

/** A filter as a tree, with its own evaluation, so that precedence is checked against an independent reading. */
type Tree = string | { readonly op: 'and' | 'or'; readonly parts: readonly Tree[] } | { readonly not: Tree };
const leaves: Readonly<Record<string, boolean>> = {
  curl: true,
  nginx: false,
  'port=3000': true,
  'port=1': false,
};

const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(...Object.keys(leaves)),
    fc.record({
      op: fc.constantFrom('and', 'or'),
      parts: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ not: tie('tree') }),
  ),
})).tree;

function evaluate(node: Tree): boolean {
  if (typeof node === 'string') return leaves[node]!;
  if ('not' in node) return !evaluate(node.not);
  return node.op === 'and' ? node.parts.every(evaluate) : node.parts.some(evaluate);
}

/** Writes parentheses only where precedence needs them; `and` is left out when `terse`. */
function write(node: Tree, level: number, terse: boolean): string {
  if (typeof node === 'string') return node;
  if ('not' in node) return `not ${write(node.not, 3, terse)}`;
  const own = node.op === 'or' ? 1 : 2;
  const joint = node.op === 'or' ? ' or ' : terse ? ' ' : ' and ';
  const text = node.parts.map((part) => write(part, own + 1, terse)).join(joint);
  return own < level ? `(${text})` : text;
}

test('precedence and grouping agree with an independent evaluation', () => {
  fc.assert(
    fc.property(tree, fc.boolean(), (value, terse) => {
      expect(matches(write(value, 1, terse))).toBe(evaluate(value));
    }),
    { numRuns: 500 },
  );
});
