import fc from 'fast-check';
import { ipv4 } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { ProtocolSet } from '../../net/protocol-set.ts';
import { WordSet } from '../../net/word-set.ts';
import type { Packet } from '../packet.ts';
import { address } from '../rules.fixture.ts';
import type { Chain, Match, NumberField, PlacedAction, Rule, Ruleset, Table, Target } from '../ruleset.ts';

const at = { start: 0, end: 0 };
const v4 = ['198.51.100.1', '198.51.100.2', '198.51.100.9', '203.0.113.1', '203.0.113.200', '192.0.2.7'];
const v6 = ['2001:db8::1', '2001:db8::2', '2001:db8:1::1', '2001:db8:ffff::9'];
const someAddresses = fc.constantFrom(
  AddressSet.of(address('198.51.100.1')),
  AddressSet.ofRange(address('198.51.100.2'), address('198.51.100.9')),
  AddressSet.ofRange(address('198.51.100.0'), address('203.0.113.127')),
  AddressSet.ofRange(ipv4(0), ipv4(0xcb_00_71_01)),
  AddressSet.ofRange(address('2001:db8::1'), address('2001:db8:1::')),
  AddressSet.of(address('2001:db8::2')).union(AddressSet.of(address('203.0.113.200'))),
);
const somePorts = fc.constantFrom(
  PortSet.of(22),
  PortSet.range(22, 80),
  PortSet.range(0, 21),
  PortSet.range(80, 65535),
  PortSet.parse('22,80,443')!,
);
const numbers = fc.constantFrom<NumberField>('mark', 'connection mark', 'hop limit', 'length');
const words = fc.constantFrom(WordSet.of(1), WordSet.range(0, 5), WordSet.range(3, 64), WordSet.of(0));
const interfaces = fc.constantFrom(['lo'], ['eth0'], ['eth+'], ['eth0', 'wg+'], ['e+'], ['+'], ['eth1']);

/** Conditions of every kind, about few values, so that they often meet. */
const plainMatch: fc.Arbitrary<Match> = fc
  .oneof(
    fc
      .constantFrom(ProtocolSet.of(6), ProtocolSet.of(17), ProtocolSet.of(1, 58), ProtocolSet.of(6, 17))
      .map((protocols) => ({ kind: 'protocol' as const, protocols })),
    fc.constantFrom(4 as const, 6 as const).map((family) => ({ kind: 'family' as const, family })),
    fc
      .tuple(fc.constantFrom('source' as const, 'destination' as const), someAddresses)
      .map(([kind, addresses]) => ({ kind, addresses })),
    fc
      .tuple(fc.constantFrom('in' as const, 'out' as const), interfaces)
      .map(([kind, names]) => ({ kind, names })),
    fc
      .tuple(
        fc.constantFrom('source port' as const, 'destination port' as const, 'either port' as const),
        somePorts,
      )
      .map(([kind, ports]) => ({ kind, ports })),
    fc
      .constantFrom(['NEW'], ['ESTABLISHED', 'RELATED'], ['INVALID'], ['UNTRACKED', 'NEW'], ['DNAT'])
      .map((states) => ({ kind: 'state' as const, states: new Set(states) })),
    fc
      .constantFrom([{ type: 8 }], [{ type: 3, code: 4 }, { type: 0 }], [{}])
      .map((types) => ({ kind: 'icmp' as const, protocol: 1, types })),
    fc
      .constantFrom([['SYN'], ['SYN']], [['SYN', 'ACK', 'FIN', 'RST'], ['SYN']], [['FIN'], []])
      .map(([mask, set]) => ({ kind: 'tcp flags' as const, mask: new Set(mask), set: new Set(set) })),
    fc
      .tuple(numbers, words, fc.constantFrom(undefined, 1, 6))
      .map(([field, values, mask]) => ({ kind: 'number' as const, field, values, ...(mask && { mask }) })),
    fc
      .tuple(fc.constantFrom('original source' as const, 'original destination' as const), someAddresses)
      .map(([kind, addresses]) => ({ kind, addresses })),
    somePorts.map((ports) => ({ kind: 'original destination port' as const, ports })),
    fc
      .constantFrom('original' as const, 'reply' as const)
      .map((direction) => ({ kind: 'direction' as const, direction })),
    fc
      .constantFrom(new Set(['dnat'] as const), new Set(['snat', 'assured'] as const))
      .map((statuses) => ({ kind: 'status' as const, statuses })),
    fc.constant({ kind: 'fragment' as const }),
    fc.constant({ kind: 'hardware source' as const, addresses: new Set(['02:00:00:00:00:01']) }),
    fc.constant({ kind: 'packet type' as const, types: new Set(['unicast', 'multicast'] as const) }),
    fc.constant({ kind: 'source type' as const, types: new Set(['LOCAL']) }),
  )
  .chain((match) => fc.constantFrom(false, false, true).map((negated) => ({ ...match, negated }) as Match));

const opaqueMatch: fc.Arbitrary<Match> = fc.constantFrom(
  { kind: 'opaque', negated: false, text: 'limit', varies: true },
  { kind: 'opaque', negated: false, text: 'owner' },
  { kind: 'opaque', negated: true, text: 'owner' },
  { kind: 'destination type', negated: false, types: new Set(['LOCAL']) },
);

function matchesOf(opaque: boolean): fc.Arbitrary<Match[]> {
  const one = opaque ? fc.oneof({ weight: 6, arbitrary: plainMatch }, opaqueMatch) : plainMatch;
  const anyOf = fc
    .array(fc.array(one, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 })
    .map((alternatives) => ({ kind: 'any of' as const, negated: false, alternatives }));
  return fc.array(fc.oneof({ weight: 8, arbitrary: one }, anyOf), { maxLength: 3 });
}

const end = (effect: Target['effect'], name: string = effect): Target => ({ effect, name, options: '' });
const translations: fc.Arbitrary<Target> = fc
  .record({
    end: fc.constantFrom('source' as const, 'destination' as const),
    addresses: fc.constantFrom(
      undefined,
      { from: address('203.0.113.1'), to: address('203.0.113.1') },
      { from: address('198.51.100.1'), to: address('198.51.100.9') },
      'interface' as const,
    ),
    ports: fc.constantFrom(undefined, { from: 80, to: 80 }, { from: 20, to: 30 }),
  })
  .map(({ end: which, addresses, ports }) => ({
    effect: which === 'source' ? 'accept' : 'translate',
    name: 'NAT',
    options: '',
    translation: { end: which, ...(addresses && { addresses }), ...(ports && { ports }) },
  }));
const actions: fc.Arbitrary<PlacedAction[]> = fc.array(
  fc.oneof(
    fc
      .tuple(numbers, fc.constantFrom(0, 0xffff_fffe, 0xffff_ffff), fc.constantFrom(1, 2, 5))
      .map(([field, keep, flip]) => ({
        after: 0,
        action: { kind: 'set number' as const, field, keep, flip },
      })),
    fc.constant({
      after: 1,
      action: {
        kind: 'set number' as const,
        field: 'mark' as const,
        keep: 0,
        flip: 0,
        from: { field: 'connection mark' as const, mask: 0xff },
      },
    }),
    fc.constant({ after: 0, action: { kind: 'untrack' as const } }),
  ),
  { minLength: 1, maxLength: 2 },
);

function translatesV4({ translation, cases }: Target): boolean {
  return translation !== undefined || (cases ?? []).some((one) => translatesV4(one.target));
}

export interface ModelOptions {
  /** Conditions and targets that are not modelled occur. */
  readonly opaque?: boolean;
  /** Rules change packets. */
  readonly changes?: boolean;
}

/** Rulesets of one or two tables with chains that jump to each other. */
export function rulesets({ opaque = false, changes = true }: ModelOptions = {}): fc.Arbitrary<Ruleset> {
  const verdict = (later: readonly string[], nat: boolean): fc.Arbitrary<Target> =>
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom(end('accept'), end('accept'), end('drop'), end('return'), end('continue')),
      },
      ...(later.length > 0
        ? [
            {
              weight: 2,
              arbitrary: fc.constantFrom(...later.flatMap((one) => [end('jump', one), end('goto', one)])),
            },
          ]
        : []),
      ...(nat ? [{ weight: 4, arbitrary: translations }] : []),
      ...(opaque ? [{ weight: 1, arbitrary: fc.constantFrom(end('unknown', 'QUEUE')) }] : []),
      ...(changes ? [{ weight: 1, arbitrary: fc.constant(end('untrack', 'NOTRACK')) }] : []),
    );
  const ruleOf = (later: readonly string[], nat: boolean): fc.Arbitrary<Rule> =>
    fc
      .record({
        matches: matchesOf(opaque),
        target: fc.oneof(
          { weight: 8, arbitrary: verdict(later, nat) },
          {
            weight: 1,
            arbitrary: fc
              .array(fc.record({ matches: matchesOf(opaque), target: verdict(later, nat) }), {
                maxLength: 3,
              })
              .map((cases) => ({ ...end('choose', 'vmap'), cases })),
          },
        ),
        acts: changes ? fc.option(actions, { freq: 5, nil: undefined }) : fc.constant(undefined),
        number: fc.nat(),
      })
      .map(({ matches, target, acts, number }) => ({
        matches: translatesV4(target) ? [{ kind: 'family', negated: false, family: 4 }, ...matches] : matches,
        target,
        text: `rule ${number}`,
        at,
        ...(acts && { actions: acts.filter(({ after }) => after <= matches.length) }),
      }));
  const chainOf = (name: string, later: readonly string[], base?: Chain['base']): fc.Arbitrary<Chain> =>
    fc
      .tuple(
        fc.array(ruleOf(later, base?.nat === true), { maxLength: base ? 5 : 3 }),
        fc.constantFrom('accept' as const, 'accept' as const, 'drop' as const),
      )
      .map(([rules, effect]) => ({
        name,
        rules,
        ...(base && { base }),
        ...(base?.priority === 0 && { policy: { effect, at } }),
      }));
  const filter = (hook: 'INPUT' | 'FORWARD' | 'OUTPUT', priority: number) =>
    chainOf(hook, ['A', 'B'], { hook, priority });
  const chains: fc.Arbitrary<Chain>[] = [
    chainOf('B', []),
    chainOf('A', ['B']),
    filter('INPUT', 0),
    filter('FORWARD', 0),
    filter('OUTPUT', 0),
    ...(changes
      ? [
          chainOf('early', [], { hook: 'PREROUTING', priority: -300 }),
          chainOf('raw', ['B'], { hook: 'OUTPUT', priority: -300 }),
          chainOf('mangle', ['A'], { hook: 'PREROUTING', priority: -150 }),
          chainOf('dnat', [], { hook: 'PREROUTING', priority: -100, nat: true }),
          chainOf('outnat', [], { hook: 'OUTPUT', priority: -100, nat: true }),
          chainOf('post', [], { hook: 'POSTROUTING', priority: 50 }),
          chainOf('snat', [], { hook: 'POSTROUTING', priority: 100, nat: true }),
        ]
      : []),
  ];
  const tableOf = (name: string) =>
    fc.tuple(fc.constantFrom('nft' as const, 'iptables' as const), ...chains).map(
      ([backend, ...made]): Table => ({
        family: 'inet',
        name,
        backend,
        chains: new Map((made as Chain[]).map((one) => [one.name, one])),
      }),
    );
  return fc
    .oneof(
      { weight: 3, arbitrary: tableOf('one').map((one) => [one]) },
      fc.tuple(tableOf('one'), tableOf('two')),
    )
    .map((tables) => ({ tables, opaque: [] }));
}

/** Packets of which every field is known, about the values that {@link rulesets} asks for. */
export const packets: fc.Arbitrary<Packet> = fc
  .record({
    family: fc.constantFrom(4 as const, 4 as const, 6 as const),
    chain: fc.constantFrom('INPUT' as const, 'INPUT' as const, 'FORWARD' as const, 'OUTPUT' as const),
    protocol: fc.constantFrom(6, 6, 17, 1, 58, 47),
    source: fc.nat(),
    destination: fc.nat(),
    port: fc.constantFrom(21, 22, 25, 80, 443, 65535),
    sourcePort: fc.constantFrom(22, 80, 40000),
    inInterface: fc.constantFrom('lo', 'eth0', 'eth1', 'eth7', 'wg0', 'other'),
    outInterface: fc.constantFrom('eth0', 'eth1', 'wg9', 'other'),
    state: fc.constantFrom('NEW', 'NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'),
    icmpType: fc.constantFrom(0, 3, 8),
    icmpCode: fc.constantFrom(0, 4),
    tcpFlags: fc.constantFrom(2, 18, 16, 1, 0),
    mark: fc.nat({ max: 7 }),
    connectionMark: fc.nat({ max: 7 }),
    hops: fc.constantFrom(1, 64),
    length: fc.constantFrom(40, 64, 1500),
    reply: fc.boolean(),
    status: fc.subarray(['snat', 'dnat', 'assured'] as const),
    isLaterFragment: fc.boolean(),
    hardwareSource: fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:09'),
    packetType: fc.constantFrom('unicast', 'broadcast', 'multicast'),
  })
  .map(({ mark, connectionMark, hops, length, reply, status, source, destination, ...one }) => {
    const pool = one.family === 4 ? v4 : v6;
    const [from, to] = [address(pool[source % pool.length]!), address(pool[destination % pool.length]!)];
    const isNew = one.state === 'NEW';
    const packet: Packet = {
      ...(one as Omit<typeof one, 'state' | 'packetType'> & Pick<Packet, 'state'>),
      packetType: one.packetType as NonNullable<Packet['packetType']>,
      source: from,
      destination: to,
      local: one.chain === 'OUTPUT' || (one.chain === 'INPUT' && one.inInterface === 'lo'),
      numbers: { mark, 'connection mark': connectionMark, 'hop limit': hops, length, dscp: 0, priority: 0 },
      ...(!isNew && {
        direction: reply ? ('reply' as const) : ('original' as const),
        statuses: new Set(status),
        original: { source: to, destination: from, port: one.port, sourcePort: 22 },
      }),
    };
    const { inInterface, outInterface, ...rest } = packet;
    if (one.chain === 'OUTPUT') return { ...rest, outInterface: outInterface! };
    if (one.chain === 'INPUT') return { ...rest, inInterface: inInterface! };
    return packet;
  });
