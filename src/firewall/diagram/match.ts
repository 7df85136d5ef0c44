import type { PortSet } from '../../net/port-set.ts';
import { Protocol } from '../../net/protocol.ts';
import type { ProtocolSet } from '../../net/protocol-set.ts';
import { hasPorts } from '../packet.ts';
import type { Hook, Match } from '../ruleset.ts';
import { addressPrefixes, type BitPrefix, type Bits, bitsEqual, bitsWithin, rangePrefixes } from './bits.ts';
import { always, type Node, never } from './diagrams.ts';
import { type Field, packetTypes, states, statuses, tcpFlags } from './fields.ts';
import type { Situation, Value } from './situation.ts';
import type { PacketSpace } from './space.ts';

/** Where a rule stands: what equal packets may get different answers from is told apart by it. */
export interface Asking {
  readonly hook: Hook;
  /** The same for the same rule in two rulesets, and different for two rules of one. */
  readonly rule: string;
}

interface Known {
  readonly fields: readonly Field[];
  readonly values: readonly Value[];
  readonly node: Node;
}

/**
 * The conditions of rules as sets of packets: what matchPacket of packet.ts says of one packet whose fields are all
 * known, for all of them. A condition that is not modelled is a guess, the same wherever it has the same text.
 */
export class Conditions {
  readonly #space: PacketSpace;
  readonly #known = new Map<string, WeakMap<Match, Known>>();
  readonly #multicast: readonly BitPrefix[];

  constructor(space: PacketSpace) {
    this.#space = space;
    this.#multicast =
      space.path.family === 4
        ? [{ lanes: [0xe000_0000], length: 4 }]
        : [{ lanes: [0xff00_0000, 0, 0, 0], length: 8 }];
  }

  /** Returns the packets for which all conditions hold. */
  all(matches: readonly Match[], situation: Situation, asking: Asking): Node {
    const { diagrams } = this.#space;
    // Those that ask for the last variables first, so that a conjunction makes no node that the next one leaves behind.
    return matches
      .map((match) => this.one(match, situation, asking))
      .sort((x, y) => diagrams.variableOf(y) - diagrams.variableOf(x))
      .reduce((sum, node) => diagrams.and(node, sum), always);
  }

  /** Returns the packets for which a condition holds; its negation is taken into account. */
  one(match: Match, situation: Situation, asking: Asking): Node {
    if (match.kind === 'opaque') return this.#signed(match, this.#guess(match, asking));
    if (match.kind === 'any of') return this.#anyOf(match, situation, asking);
    const ofHook = this.#known.get(asking.hook) ?? new WeakMap<Match, Known>();
    this.#known.set(asking.hook, ofHook);
    const known = ofHook.get(match);
    if (known?.fields.every((field, at) => situation.value(field) === known.values[at])) return known.node;
    const fields = fieldsOf(match);
    const node = this.#plain(match, fields, situation, asking);
    ofHook.set(match, { fields, values: fields.map((field) => situation.value(field)), node });
    return node;
  }

  #plain(match: Match, fields: readonly Field[], situation: Situation, asking: Asking): Node {
    const { diagrams } = this.#space;
    let node = this.#positive(match, situation, asking.hook);
    for (const field of fields) {
      for (const [tag, where] of situation.value(field).unknown)
        node = diagrams.ite(where, this.#space.guess(`${textOf(match)}, after ${tag}`), node);
    }
    node = this.#signed(match, node);
    if (!isAboutConnection(match)) return node;
    const unconnected = diagrams.or(this.isState(situation, 'INVALID'), this.isState(situation, 'UNTRACKED'));
    return diagrams.minus(node, unconnected);
  }

  /** Returns the packets in a state of connection tracking. */
  isState(situation: Situation, state: (typeof states)[number]): Node {
    return bitsEqual(this.#space.diagrams, situation.value('state').bits, states.indexOf(state));
  }

  /** Returns the packets whose protocol has ports. */
  withPorts(): Node {
    return this.#protocols(protocolsWithPorts);
  }

  #signed(match: Match, node: Node): Node {
    return match.negated ? this.#space.diagrams.not(node) : node;
  }

  #guess({ text, varies }: Extract<Match, { kind: 'opaque' }>, { rule }: Asking): Node {
    return this.#space.guess(varies ? `${text} (${rule})` : text);
  }

  #anyOf(match: Extract<Match, { kind: 'any of' }>, situation: Situation, asking: Asking): Node {
    const { diagrams } = this.#space;
    let nodes = match.alternatives.map((one) => this.all(one, situation, asking));
    // By pairs, so that the sets that are joined stay small.
    while (nodes.length > 1)
      nodes = Array.from({ length: Math.ceil(nodes.length / 2) }, (_, at) =>
        diagrams.or(nodes[2 * at]!, nodes[2 * at + 1] ?? never),
      );
    return this.#signed(match, nodes[0] ?? never);
  }

  #positive(match: Match, situation: Situation, hook: Hook): Node {
    const { diagrams, path } = this.#space;
    const isWithin = (field: Field, prefixes: readonly BitPrefix[]) =>
      bitsWithin(diagrams, situation.value(field).bits, prefixes);
    switch (match.kind) {
      case 'protocol':
        return this.#protocols(match.protocols.ranges());
      case 'family':
        return match.family === path.family ? always : never;
      case 'source':
      case 'destination':
      case 'original source':
      case 'original destination':
        return isWithin(match.kind, addressPrefixes(match.addresses, path.family));
      case 'original source port':
      case 'original destination port':
        return isWithin(match.kind, portPrefixes(match.ports));
      case 'in':
        if (hook === 'OUTPUT' || path.chain === 'OUTPUT') return never;
        return isWithin('in', this.#names(match.names));
      case 'out':
        if (hook === 'INPUT' || hook === 'PREROUTING') return never;
        return isWithin('out', this.#names(match.names));
      case 'source port':
      case 'destination port':
      case 'either port':
        return this.#port(match, situation);
      case 'state':
        return this.#state(match.states, situation);
      case 'icmp':
        return this.#icmp(match, situation);
      case 'tcp flags':
        return diagrams.and(
          this.#protocol(Protocol.Tcp),
          this.#flags(match, situation.value('tcp flags').bits),
        );
      case 'source type':
        return this.#sourceType(match.types, situation);
      case 'destination type':
        return this.#destinationType(match.types, situation);
      case 'number': {
        const { bits } = situation.value(match.field);
        const { mask = 0xffff_ffff } = match;
        const masked = bits.map((bit, at) => ((mask >>> (bits.length - 1 - at)) & 1 ? bit : never));
        return bitsWithin(diagrams, masked, rangePrefixes(match.values.ranges(), bits.length));
      }
      case 'direction': {
        const isReply = situation.value('direction').bits[0]!;
        return match.direction === 'reply' ? isReply : diagrams.not(isReply);
      }
      case 'status':
        return this.#statuses(match.statuses, situation);
      case 'fragment':
        return situation.value('fragment').bits[0]!;
      case 'hardware source': {
        const codes = [...match.addresses].map((one) => this.#space.named.hardware.indexOf(one));
        return isWithin('hardware source', codePrefixes(codes, this.#space.place('hardware source').width));
      }
      case 'packet type': {
        const codes = [...match.types].map((one) => packetTypes.indexOf(one));
        return isWithin('packet type', codePrefixes(codes, 2));
      }
      default:
        throw new Error(`${match.kind} is asked for elsewhere`);
    }
  }

  #names(patterns: readonly string[]): BitPrefix[] {
    const { interfaces } = this.#space.named;
    return codePrefixes(interfaces.codesOf(patterns), interfaces.width);
  }

  #protocol(number: number): Node {
    return this.#protocols([{ from: number, to: number }]);
  }

  #protocols(ranges: ReturnType<ProtocolSet['ranges']>): Node {
    return this.#space.within('protocol', rangePrefixes(ranges, 8));
  }

  #port(
    match: Extract<Match, { kind: 'source port' | 'destination port' | 'either port' }>,
    situation: Situation,
  ): Node {
    const { diagrams } = this.#space;
    const prefixes = portPrefixes(match.ports);
    const isPort = (field: Field) => bitsWithin(diagrams, situation.value(field).bits, prefixes);
    const node =
      match.kind === 'either port'
        ? diagrams.or(isPort('source port'), isPort('destination port'))
        : isPort(match.kind);
    // What stands at the place of a port is not known of other protocols.
    const elsewhere = match.raw ? this.#space.guess(textOf({ ...match, negated: false })) : never;
    return diagrams.ite(this.withPorts(), node, elsewhere);
  }

  /** DNAT and SNAT are marks beside the state of a connection. */
  #state(wanted: ReadonlySet<string>, situation: Situation): Node {
    const { diagrams } = this.#space;
    let node: Node = never;
    for (const state of states)
      if (wanted.has(state)) node = diagrams.or(node, this.isState(situation, state));
    const marks = (['dnat', 'snat'] as const).filter((one) => wanted.has(one.toUpperCase()));
    if (marks.length === 0) return node;
    const unconnected = diagrams.or(this.isState(situation, 'INVALID'), this.isState(situation, 'UNTRACKED'));
    return diagrams.or(node, diagrams.minus(this.#statuses(new Set(marks), situation), unconnected));
  }

  #statuses(wanted: ReadonlySet<string>, situation: Situation): Node {
    const { diagrams } = this.#space;
    const { bits } = situation.value('status');
    let node: Node = never;
    for (const [bit, status] of statuses.entries())
      if (wanted.has(status)) node = diagrams.or(node, bits[bits.length - 1 - bit]!);
    return node;
  }

  #icmp({ protocol, types }: Extract<Match, { kind: 'icmp' }>, situation: Situation): Node {
    const { diagrams } = this.#space;
    const is = (field: Field, value: number | undefined) =>
      value === undefined ? always : bitsEqual(diagrams, situation.value(field).bits, value);
    let node: Node = never;
    for (const { type, code } of types)
      node = diagrams.or(node, diagrams.and(is('icmp type', type), is('icmp code', code)));
    return diagrams.and(this.#protocol(protocol), node);
  }

  #flags({ mask, set }: Extract<Match, { kind: 'tcp flags' }>, bits: Bits): Node {
    const { diagrams } = this.#space;
    if ([...set].some((flag) => !mask.has(flag))) return never;
    let node: Node = always;
    for (const [bit, flag] of tcpFlags.entries()) {
      if (!mask.has(flag)) continue;
      const isUp = bits[bits.length - 1 - bit]!;
      node = set.has(flag) ? diagrams.and(node, isUp) : diagrams.minus(node, isUp);
    }
    return node;
  }

  #sourceType(types: ReadonlySet<string>, situation: Situation): Node {
    const { diagrams, path } = this.#space;
    if (types.size === 1 && types.has('LOCAL')) {
      if (path.chain === 'FORWARD') return never;
      return path.chain === 'OUTPUT' ? always : this.isFromHere();
    }
    if (types.size === 1 && types.has('MULTICAST'))
      return bitsWithin(diagrams, situation.value('source').bits, this.#multicast);
    return this.#space.guess(`source type ${[...types].sort().join(',')}`);
  }

  /** Returns the packets that come in by loopback. */
  isFromHere(): Node {
    return this.#space.within('in', this.#names(['lo']));
  }

  /** What goes through INPUT is for this machine; a connection of TCP is to one machine only. */
  #destinationType(types: ReadonlySet<string>, situation: Situation): Node {
    const { diagrams, path } = this.#space;
    const elsewhere =
      types.size === 1 && types.has('MULTICAST')
        ? bitsWithin(diagrams, situation.value('destination').bits, this.#multicast)
        : this.#space.guess(`destination type ${[...types].sort().join(',')}`);
    if (path.chain !== 'INPUT') return elsewhere;
    return diagrams.ite(this.#protocol(Protocol.Tcp), types.has('LOCAL') ? always : never, elsewhere);
  }
}

const protocolsWithPorts = Array.from({ length: 256 }, (_, number) => number)
  .filter(hasPorts)
  .map((number) => ({ from: number, to: number }));

function portPrefixes(ports: PortSet): BitPrefix[] {
  return rangePrefixes(ports.ranges(), 16);
}

function codePrefixes(codes: readonly number[], width: number): BitPrefix[] {
  const sorted = [...new Set(codes)].sort((x, y) => x - y);
  return rangePrefixes(
    sorted.map((code) => ({ from: code, to: code })),
    width,
  );
}

function isAboutConnection(match: Match): boolean {
  if (match.kind === 'number') return match.field === 'connection mark';
  return match.kind === 'direction' || match.kind === 'status' || match.kind.startsWith('original ');
}

/** Returns the fields that a condition asks for, beside protocols, families and frames, which nothing changes. */
function fieldsOf(match: Match): Field[] {
  switch (match.kind) {
    case 'source':
    case 'destination':
    case 'source port':
    case 'destination port':
      return [match.kind];
    case 'out':
      return match.names.includes('+') ? [] : ['out'];
    case 'either port':
      return ['source port', 'destination port'];
    case 'state':
      return ['state', 'status'];
    case 'source type':
      return match.types.has('MULTICAST') ? ['source'] : [];
    case 'destination type':
      return match.types.has('MULTICAST') ? ['destination'] : [];
    case 'number':
      return match.field === 'connection mark' ? [match.field, 'state'] : [match.field];
    case 'direction':
    case 'status':
    case 'original source':
    case 'original destination':
    case 'original source port':
    case 'original destination port':
      return [match.kind, 'state'];
    default:
      return [];
  }
}

/** Returns a text that is the same for equal conditions; negation left out. */
function textOf(match: Match): string {
  return JSON.stringify(match, (key, value: unknown) => {
    if (key === 'negated') return undefined;
    if (value instanceof Set) return [...value].sort();
    const isSet = typeof value === 'object' && value !== null && 'ranges' in value;
    return isSet ? String(value) : value;
  });
}
