import { expect, test } from 'vitest';
import { AddressSet } from '../net/address-set.ts';
import { PortSet } from '../net/port-set.ts';
import { WordSet } from '../net/word-set.ts';
import { acceptedPorts } from './accepted-ports.ts';
import type { Packet } from './packet.ts';
import { address } from './rules.fixture.ts';
import type {
  Action,
  Base,
  Chain,
  Hook,
  Match,
  NumberField,
  Rule,
  Ruleset,
  Table,
  Target,
} from './ruleset.ts';
import { judgePacket } from './simulate.ts';

const at = { start: 0, end: 0 };
const accept: Target = { effect: 'accept', name: 'ACCEPT', options: '' };
const drop: Target = { effect: 'drop', name: 'DROP', options: '' };
const next: Target = { effect: 'continue', name: '', options: '' };

const rule = (matches: readonly Match[], target: Target, ...actions: readonly Action[]): Rule => ({
  matches,
  target,
  text: target.name,
  at,
  ...(actions.length > 0 && { actions: actions.map((action) => ({ after: matches.length, action })) }),
});
const chain = (hook: Hook, priority: number, ...rules: Rule[]): Chain => ({
  name: hook,
  base: { hook, priority } satisfies Base,
  rules,
});
const nat = (hook: Hook, ...rules: Rule[]): Chain => ({
  name: hook,
  base: { hook, priority: -100, nat: true },
  rules,
});
const table = (backend: Table['backend'], ...chains: Chain[]): Table => ({
  family: 'ip',
  name: 't',
  backend,
  chains: new Map(chains.map((one, i) => [`${one.name} ${i}`, one])),
});
const ruleset = (...tables: Table[]): Ruleset => ({ tables, opaque: [] });

const set = (field: NumberField, flip: number, keep = 0): Action => ({
  kind: 'set number',
  field,
  keep,
  flip,
});
const number = (field: NumberField, word: number, mask?: number): Match => ({
  kind: 'number',
  field,
  values: WordSet.of(word),
  negated: false,
  ...(mask !== undefined && { mask }),
});
const port = (one: number): Match => ({ kind: 'destination port', ports: PortSet.of(one), negated: false });
const to = (text: string): Match => ({
  kind: 'destination',
  addresses: AddressSet.of(address(text)),
  negated: false,
});
const state = (...states: string[]): Match => ({ kind: 'state', states: new Set(states), negated: false });
const maybe: Match = { kind: 'opaque', text: 'limit', negated: false };

const packet: Packet = {
  family: 4,
  chain: 'INPUT',
  protocol: 6,
  state: 'NEW',
  port: 80,
  sourcePort: 5000,
  source: address('198.51.100.7'),
  destination: address('203.0.113.1'),
  numbers: { mark: 0 },
};
const forwarded: Packet = { ...packet, chain: 'FORWARD' };
const judge = (rules: Ruleset, one: Partial<Packet> = {}) =>
  judgePacket(rules, { ...packet, ...one }).outcome;

test('a mark that a rule sets is what later rules see, in this table and in others', () => {
  const marks = table('iptables', chain('PREROUTING', -150, rule([port(80)], next, set('mark', 4))));
  const asks = table('nft', chain('INPUT', 0, rule([number('mark', 4, 4)], accept), rule([], drop)));
  expect(judge(ruleset(marks, asks))).toBe('allow');
  expect(judge(ruleset(marks, asks), { port: 81 })).toBe('deny');
  const { numbers: _, ...unmarked } = packet;
  expect(judgePacket(ruleset(asks), unmarked).outcome).toBe('unknown');
});

test('a rule that may match leaves the mark open', () => {
  const marks = table('iptables', chain('PREROUTING', -150, rule([maybe], next, set('mark', 4))));
  const asks = table('nft', chain('INPUT', 0, rule([number('mark', 4)], drop)));
  expect(judge(ruleset(marks, asks))).toBe('unknown');
  const same = table('iptables', chain('PREROUTING', -150, rule([maybe], next, set('mark', 0))));
  expect(judge(ruleset(same, asks))).toBe('allow');
});

test('an action stands where it is written: conditions after it do not undo it', () => {
  const early: Rule = {
    ...rule([port(80), port(81)], drop),
    actions: [{ after: 1, action: set('mark', 9) }],
  };
  const late: Rule = { ...early, actions: [{ after: 2, action: set('mark', 9) }] };
  const asks = rule([number('mark', 9)], drop);
  expect(judge(ruleset(table('nft', chain('INPUT', 0, early, asks))))).toBe('deny');
  expect(judge(ruleset(table('nft', chain('INPUT', 0, late, asks))))).toBe('allow');
});

test('marks are masked words, and come from the connection too', () => {
  const rules = [
    rule([], next, set('mark', 0xff), set('connection mark', 0x80000000, 0xffffffff)),
    rule([], next, {
      kind: 'set number',
      field: 'mark',
      keep: 0x0f,
      flip: 0,
      from: { field: 'connection mark', mask: 0xf0000000 },
    }),
    rule([number('mark', 0x8000000f)], drop),
  ];
  expect(judge(ruleset(table('iptables', chain('INPUT', 0, ...rules))))).toBe('deny');
});

test('rules before connection tracking see no state, and no packet is tracked that they take out', () => {
  const early = (...rules: Rule[]) => table('iptables', chain('PREROUTING', -300, ...rules));
  expect(judge(ruleset(early(rule([state('NEW')], drop))))).toBe('allow');
  expect(judge(ruleset(early(rule([state('INVALID')], drop))))).toBe('deny');
  const untracked = table('nft', chain('INPUT', 0, rule([state('UNTRACKED')], drop)));
  const notrack: Target = { effect: 'untrack', name: 'NOTRACK', options: '' };
  expect(judge(ruleset(early(rule([port(80)], notrack)), untracked))).toBe('deny');
  expect(judge(ruleset(early(rule([port(81)], notrack)), untracked))).toBe('allow');
  expect(judge(ruleset(early(rule([maybe], notrack)), untracked))).toBe('unknown');
});

test('what a connection has does not hold for a packet without one, negated or not', () => {
  for (const negated of [false, true]) {
    const asks = { ...number('connection mark', 1), negated };
    const rules = ruleset(table('nft', chain('INPUT', 0, rule([asks], drop))));
    expect(judge(rules, { state: 'INVALID' })).toBe('allow');
    expect(judge(rules)).toBe(negated ? 'deny' : 'allow');
  }
});

test('the first case of a map that holds decides; without one the next rule', () => {
  const map: Target = {
    effect: 'choose',
    name: 'vmap',
    options: '',
    cases: [
      { matches: [port(80)], target: drop },
      { matches: [port(81)], target: accept },
      { matches: [port(82)], target: { effect: 'jump', name: 'sub', options: '' } },
    ],
  };
  const chains = new Map([
    ['in', chain('INPUT', 0, rule([], map), rule([port(83)], drop))],
    ['sub', { name: 'sub', rules: [rule([], drop)] }],
  ]);
  const rules = ruleset({ family: 'inet', name: 't', backend: 'nft', chains });
  expect([80, 81, 82, 83, 84].map((one) => judge(rules, { port: one }))).toEqual([
    'deny',
    'allow',
    'deny',
    'deny',
    'allow',
  ]);
  const { certain, possible } = acceptedPorts(rules, { family: 4, chain: 'INPUT', protocol: 6 });
  expect(`${certain}`).toBe('0-79,81,84-65535');
  expect(possible.equals(certain)).toBe(true);
});

const dnat = (text: string, ports?: number): Target => ({
  effect: 'translate',
  name: 'DNAT',
  options: '',
  translation: {
    end: 'destination',
    addresses: { from: address(text), to: address(text) },
    ...(ports !== undefined && { ports: { from: ports, to: ports } }),
  },
});

test('later hooks see where a packet has been sent, and where it was sent first', () => {
  const first = table('iptables', nat('PREROUTING', rule([port(80)], dnat('192.0.2.9', 8080))));
  const old: Match = { kind: 'original destination port', ports: PortSet.of(80), negated: false };
  const forward = (...matches: Match[]) =>
    judgePacket(ruleset(first, table('nft', chain('FORWARD', 0, rule(matches, drop)))), forwarded).outcome;
  expect(forward(port(80))).toBe('allow');
  expect(forward(port(8080), to('192.0.2.9'), old)).toBe('deny');
  expect(forward(state('DNAT'))).toBe('deny');
  expect(judge(ruleset(first))).toBe('unknown');
  expect(judge(ruleset(first), { state: 'ESTABLISHED' })).toBe('allow');
});

test('a translation to the other IP version is none', () => {
  const first = table('nft', nat('PREROUTING', rule([], dnat('2001:db8::9')), rule([], dnat('192.0.2.9'))));
  const filter = table('nft', chain('FORWARD', 0, rule([to('192.0.2.9')], accept), rule([], drop)));
  expect(judgePacket(ruleset(first, filter), forwarded).outcome).toBe('allow');
});

test('only the first translation of a hook is done, and all of them at one place', () => {
  const two = table(
    'nft',
    {
      ...nat('PREROUTING', rule([], dnat('192.0.2.2'))),
      base: { hook: 'PREROUTING', priority: -90, nat: true },
    },
    {
      ...nat('PREROUTING', rule([], dnat('192.0.2.1'))),
      base: { hook: 'PREROUTING', priority: -110, nat: true },
    },
    chain('PREROUTING', -105, rule([to('192.0.2.1')], drop)),
    chain('FORWARD', 0, rule([to('192.0.2.1')], accept), rule([], drop)),
  );
  expect(judgePacket(ruleset(two), forwarded).outcome).toBe('allow');
});

test('a translation by a map sends elsewhere as any other', () => {
  const byMap: Target = {
    effect: 'choose',
    name: 'dnat',
    options: '',
    cases: [
      { matches: [port(80)], target: dnat('192.0.2.9') },
      { matches: [port(81)], target: dnat('192.0.2.8') },
    ],
  };
  const rules = ruleset(table('nft', nat('PREROUTING', rule([], byMap))));
  expect(judge(rules)).toBe('unknown');
  expect(judge(rules, { port: 82 })).toBe('allow');
  const { port: _, ...open } = packet;
  expect(judgePacket(rules, open).outcome).toBe('unknown');
});

test('what may have been accepted before it is translated, may go either way', () => {
  const first = table('nft', nat('PREROUTING', rule([maybe], accept), rule([], dnat('192.0.2.9'))));
  expect(judge(ruleset(first))).toBe('unknown');
  const filter = table('nft', chain('FORWARD', 0, rule([to('192.0.2.9')], drop)));
  expect(judgePacket(ruleset(first, filter), forwarded).outcome).toBe('unknown');
  // Another chain of the hook translates what the first has perhaps left alone.
  const perhaps = table('nft', nat('PREROUTING', rule([maybe], dnat('192.0.2.9'))));
  const later = table('nft', {
    ...nat('PREROUTING', rule([], dnat('192.0.2.8'))),
    base: { hook: 'PREROUTING', priority: -90, nat: true },
  });
  const two = ruleset(perhaps, later, filter);
  expect(judgePacket(two, forwarded).outcome).toBe('unknown');
  const either = table(
    'nft',
    chain('FORWARD', 0, rule([to('192.0.2.9')], drop), rule([to('192.0.2.8')], drop)),
  );
  expect(judgePacket(ruleset(perhaps, either), forwarded).outcome).toBe('unknown');
});

test('a chain that translates drops nothing that is perhaps not tracked', () => {
  const untracks = table('nft', chain('PREROUTING', -300, rule([maybe], next, { kind: 'untrack' })));
  const drops = table('nft', nat('PREROUTING', rule([], drop)));
  expect(judge(ruleset(untracks, drops))).toBe('unknown');
  expect(judge(ruleset(drops))).toBe('deny');
});

test('a redirected packet stays here with another port, a network is mapped with its hosts', () => {
  const redirect: Target = {
    ...dnat('192.0.2.9', 8080),
    name: 'REDIRECT',
    translation: { end: 'destination', addresses: 'interface', ports: { from: 8080, to: 8080 } },
  };
  const filter = table('nft', chain('INPUT', 0, rule([port(8080)], drop)));
  expect(judge(ruleset(table('nft', nat('PREROUTING', rule([port(80)], redirect))), filter))).toBe('deny');
  const netmap: Target = {
    ...accept,
    translation: {
      end: 'source',
      addresses: { from: address('192.0.2.0'), to: address('192.0.2.255') },
      keepsHost: true,
    },
  };
  const mapped: Match = { kind: 'source', addresses: AddressSet.of(address('192.0.2.7')), negated: false };
  const rules = ruleset(
    table('nft', nat('POSTROUTING', rule([], netmap)), chain('POSTROUTING', 200, rule([mapped], drop))),
  );
  expect(judgePacket(rules, forwarded).outcome).toBe('deny');
});
