import type { Packet } from '../../firewall/packet.ts';
import type { ConnectionState, Match, Ruleset, Target } from '../../firewall/ruleset.ts';
import {
  type Address,
  addressFromBytes,
  addressToBytes,
  type Family,
  isLoopback,
  isMulticast,
  isUnspecified,
} from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { icmpAnswers } from './probe.ts';

/** Values that packets are made of: what rules name, and what lies directly beside it. */
interface Edges {
  readonly addresses: Readonly<Record<Family, readonly Address[]>>;
  readonly ports: readonly number[];
  readonly protocols: readonly number[];
  readonly icmp: readonly { readonly type: number; readonly code: number }[];
  readonly hopLimits: readonly number[];
  readonly dscp: readonly number[];
  readonly marks: readonly number[];
}

/** Numbers that packets can have when they arrive. */
const lowest = { 'hop limit': 2, dscp: 0, mark: 0 };
const highest = { 'hop limit': 255, dscp: 63, mark: 0xffff_ffff };
/** Values of one kind that are kept. */
const mostEdges = 4000;

/** Returns numbers from 0 up to below 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Where packets come in and leave. */
export interface Way {
  readonly chain: 'INPUT' | 'FORWARD';
  readonly inInterface: string;
  readonly outInterface?: string;
}

/**
 * Makes packets whose fields lie, mostly, at the ends of what the rulesets name: the ends of address ranges and ports and those
 * beside them, protocols, types of ICMP, hop limits, DSCP, marks; and any others. The same for the same seed.
 */
export class RandomPackets {
  readonly #edges: Edges;
  readonly #random: () => number;

  constructor(rulesets: readonly Ruleset[], seed: number) {
    this.#edges = edgesOf(rulesets);
    this.#random = randomFrom(seed);
  }

  /** Returns a packet of a way, and whether its connection is begun before. */
  make({ chain, inInterface, outInterface }: Way): Packet {
    const family: Family = this.#random() < 0.5 ? 4 : 6;
    const protocol = this.#protocol(family);
    const state = this.#state(protocol, family);
    const direction = this.#maybe(0.5) ? 'reply' : 'original';
    return {
      chain,
      inInterface,
      ...(outInterface !== undefined && { outInterface }),
      family,
      protocol,
      state,
      ...(state === 'ESTABLISHED' && { direction }),
      source: this.#address(family),
      destination: this.#address(family),
      sourcePort: this.#maybe(0.3) ? this.#port() : 1024 + this.#below(64_512),
      port: this.#port(),
      ...(protocol === 6 && { tcpFlags: this.#flags(state) }),
      ...this.#icmp(state, direction, family),
      numbers: {
        'hop limit': this.#maybe(0.2) ? this.#pick(this.#edges.hopLimits, 64) : 64,
        dscp: this.#maybe(0.2) ? this.#pick(this.#edges.dscp, 0) : 0,
        mark: this.#maybe(0.1) ? this.#pick(this.#edges.marks, 0) : 0,
      },
    };
  }

  #protocol(family: Family): number {
    const one = this.#random();
    if (one < 0.5) return 6;
    if (one < 0.75) return 17;
    if (one < 0.88) return family === 4 ? 1 : 58;
    return this.#pick(this.#edges.protocols, 50);
  }

  #state(protocol: number, family: Family): ConnectionState {
    const one = this.#random();
    if (one < 0.15) return 'ESTABLISHED';
    return one < 0.25 && protocol === (family === 4 ? 1 : 58) ? 'RELATED' : 'NEW';
  }

  #address(family: Family): Address {
    const named = this.#edges.addresses[family];
    if (named.length > 0 && this.#maybe(0.8)) return this.#pick(named, named[0]!);
    const words = Array.from({ length: 4 }, () => Math.floor(this.#random() * 2 ** 32));
    if (family === 4) return usual({ family, a: 0, b: 0, c: 0, d: words[0]! });
    return { family, a: 0x2001_0db8, b: words[1]!, c: words[2]!, d: words[3]! };
  }

  #port(): number {
    return this.#maybe(0.85) ? this.#pick(this.#edges.ports, 80) : this.#below(65_536);
  }

  /** A first packet mostly begins a connection as it should; sets of flags that none does are sent as well. */
  #flags(state: ConnectionState): number {
    if (state === 'ESTABLISHED') return this.#pick([16, 24, 17], 16);
    return this.#maybe(0.6) ? 2 : this.#pick([16, 18, 1, 17, 4, 20, 0, 41, 63, 3, 24, 66, 194, 34], 2);
  }

  #icmp(state: ConnectionState, direction: string, family: Family) {
    const questions = [...icmpAnswers].filter(([type]) => type < 128 === (family === 4));
    const [question, answer] = this.#pick(questions, questions[0]!);
    if (state === 'ESTABLISHED') return { icmpType: direction === 'reply' ? answer : question, icmpCode: 0 };
    if (state === 'RELATED')
      return {
        icmpType: this.#pick(family === 4 ? [3, 11, 12] : [1, 2, 3, 4], 3),
        icmpCode: this.#below(3),
      };
    const named = this.#pick(this.#edges.icmp, { type: question, code: 0 });
    if (this.#maybe(0.5)) return { icmpType: named.type, icmpCode: named.code };
    return { icmpType: this.#maybe(0.6) ? question : this.#below(256), icmpCode: 0 };
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #maybe(share: number): boolean {
    return this.#random() < share;
  }

  #pick<T>(list: readonly T[], otherwise: T): T {
    return list.length === 0 ? otherwise : list[Math.floor(this.#random() * list.length)]!;
  }
}

function edgesOf(rulesets: readonly Ruleset[]): Edges {
  const addresses: Record<Family, Map<string, Address>> = { 4: new Map(), 6: new Map() };
  const ports = new Set<number>([22, 53, 80, 443]);
  const protocols = new Set<number>([50, 89, 132]);
  const icmp = new Map<string, { type: number; code: number }>();
  const numbers = { 'hop limit': new Set<number>(), dscp: new Set<number>(), mark: new Set<number>() };
  const add = (set: Set<number>, highest: number, lowest: number, ...values: number[]) => {
    for (const one of values) if (one >= lowest && one <= highest && set.size < mostEdges) set.add(one);
  };
  for (const match of matchesOf(rulesets)) {
    if (isAboutAddresses(match)) {
      for (const { from, to } of match.addresses.ranges())
        for (const one of [from, to, beside(from, -1), beside(to, 1)]) {
          const all = addresses[one.family];
          if (isUsual(one) && all.size < mostEdges) all.set(`${one.a} ${one.b} ${one.c} ${one.d}`, one);
        }
    }
    if ('ports' in match)
      for (const { from, to } of match.ports.ranges()) add(ports, 65_535, 0, from - 1, from, to, to + 1);
    if (match.kind === 'protocol')
      for (const { from, to } of match.protocols.ranges()) add(protocols, 255, 2, from - 1, from, to, to + 1);
    if (match.kind === 'icmp')
      for (const { type = 8, code = 0 } of match.types)
        for (const one of [type - 1, type, type + 1])
          if (one >= 0 && one < 256) icmp.set(`${one} ${code}`, { type: one, code });
    if (
      match.kind === 'number' &&
      (match.field === 'hop limit' || match.field === 'dscp' || match.field === 'mark')
    )
      for (const { from, to } of match.values.ranges())
        add(numbers[match.field], highest[match.field], lowest[match.field], from - 1, from, to, to + 1);
  }
  return {
    addresses: { 4: [...addresses[4].values()], 6: [...addresses[6].values()] },
    ports: [...ports],
    protocols: [...protocols],
    icmp: [...icmp.values()],
    hopLimits: [...numbers['hop limit']],
    dscp: [...numbers.dscp],
    marks: [...numbers.mark],
  };
}

/** Returns the conditions of all rules, those of elements and verdict maps as well. */
function* matchesOf(rulesets: readonly Ruleset[]): Generator<Match> {
  for (const { tables } of rulesets)
    for (const { chains } of tables)
      for (const { rules } of chains.values())
        for (const { matches, target } of rules) {
          yield* flat(matches);
          yield* ofTarget(target);
        }
}

function* ofTarget({ cases = [] }: Target): Generator<Match> {
  for (const one of cases) {
    yield* flat(one.matches);
    yield* ofTarget(one.target);
  }
}

function* flat(matches: readonly Match[]): Generator<Match> {
  for (const match of matches) {
    yield match;
    if (match.kind === 'any of') for (const one of match.alternatives) yield* flat(one);
  }
}

type AboutAddresses = Extract<Match, { readonly addresses: AddressSet }>;

function isAboutAddresses(match: Match): match is AboutAddresses {
  return 'addresses' in match && match.addresses instanceof AddressSet;
}

/** Returns the address that far on, around the ends. */
function beside(address: Address, step: 1 | -1): Address {
  const bytes = addressToBytes(address);
  for (let at = bytes.length - 1; at >= 0; at--) {
    const next = bytes[at]! + step;
    bytes[at] = next & 255;
    if (next >= 0 && next < 256) break;
  }
  return addressFromBytes(bytes, 0, address.family);
}

/** What the kernel takes in as any other address. */
function isUsual(address: Address): boolean {
  if (isLoopback(address) || isMulticast(address) || isUnspecified(address)) return false;
  return address.family === 4 ? address.d >>> 24 !== 0 && address.d >>> 29 !== 7 : address.a >>> 29 === 1;
}

function usual(address: Address): Address {
  return isUsual(address) ? address : { ...address, d: (0xc612_0000 | (address.d & 0x1_ffff)) >>> 0 };
}
