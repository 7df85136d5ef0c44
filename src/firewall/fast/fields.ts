import { type Address, compareAddresses, type Family, ipv4, ipv6 } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { rankWide } from '../../net/boundaries.ts';
import { PortSet } from '../../net/port-set.ts';
import { matchPacket, type Packet } from '../packet.ts';
import type { Hook, Match } from '../ruleset.ts';
import { states } from './packet-columns.ts';

/** Fields by which packets are told apart, in the order of their numbers. */
export const Field = {
  Protocol: 0,
  Source: 1,
  Destination: 2,
  SourcePort: 3,
  Port: 4,
  State: 5,
  Icmp: 6,
  TcpFlags: 7,
  In: 8,
  Out: 9,
} as const;
export const fieldCount = 10;

/** Returns the number of the field that a condition asks for, or undefined for those that no field has. */
export function fieldOf(match: Match): number | undefined {
  switch (match.kind) {
    case 'protocol':
      return Field.Protocol;
    case 'source':
      return Field.Source;
    case 'destination':
      return Field.Destination;
    case 'source port':
      return match.raw ? undefined : Field.SourcePort;
    case 'destination port':
      return match.raw ? undefined : Field.Port;
    case 'state':
      // The marks of translation beside a state are not in the columns.
      return match.states.has('DNAT') || match.states.has('SNAT') ? undefined : Field.State;
    case 'icmp':
      return Field.Icmp;
    case 'tcp flags':
      return Field.TcpFlags;
    case 'in':
      return Field.In;
    case 'out':
      return Field.Out;
  }
  return undefined;
}

/** Values of a field fall into classes of which no rule tells the members apart. */
export interface FieldClasses {
  readonly count: number;
  /** Calls `set` with each class for which all the conditions, which are of this field, hold in a chain of `hook`. */
  holding(matches: readonly Match[], hook: Hook, set: (from: number, to: number) => void): void;
}

/** Classes of a field with few values, each with a packet that stands for it. */
export class SmallClasses implements FieldClasses {
  readonly #samples: readonly Packet[];

  constructor(samples: readonly Packet[]) {
    this.#samples = samples;
  }

  get count(): number {
    return this.#samples.length;
  }

  holding(matches: readonly Match[], hook: Hook, set: (from: number, to: number) => void): void {
    for (const [i, sample] of this.#samples.entries()) {
      if (matches.every((match) => matchPacket(match, sample, hook) === true)) set(i, i);
    }
  }
}

/** Classes of ports: runs between the ports at which conditions begin and end; the last class is `no ports`. */
export class PortClasses implements FieldClasses {
  /** Class of each port. */
  readonly of = new Uint16Array(65_536);
  readonly count: number;

  constructor(matches: readonly Match[]) {
    const begins = new Uint8Array(65_537);
    for (const match of matches) {
      if (!('ports' in match)) continue;
      for (const { from, to } of match.ports.ranges()) {
        begins[from] = 1;
        begins[to + 1] = 1;
      }
    }
    let number = 0;
    for (let port = 1; port < 65_536; port++) {
      number += begins[port]!;
      this.of[port] = number;
    }
    this.count = number + 2;
  }

  get none(): number {
    return this.count - 1;
  }

  /** A condition on ports holds for no protocol without them, but for its negation. */
  holding(matches: readonly Match[], _hook: Hook, set: (from: number, to: number) => void): void {
    let ports = PortSet.all;
    for (const match of matches) {
      if ('ports' in match) ports = ports.intersect(match.negated ? match.ports.complement() : match.ports);
    }
    for (const { from, to } of ports.ranges()) set(this.of[from]!, this.of[to]!);
    if (matches.every(({ negated }) => negated)) set(this.none, this.none);
  }
}

/** Classes of addresses of one family: runs between the addresses at which conditions begin and end. */
export class AddressClasses implements FieldClasses {
  readonly count: number;
  readonly #family: Family;
  readonly #points: Uint32Array;
  /** Of IPv4, how many points lie before each block of 65,536 addresses. */
  readonly #blocks = new Uint32Array(65_537);

  constructor(matches: readonly Match[], family: Family) {
    this.#family = family;
    const points: Address[] = [];
    for (const match of matches) {
      if (!('addresses' in match) || !(match.addresses instanceof AddressSet)) continue;
      for (const { from, to } of match.addresses.ranges()) {
        if (from.family !== family) continue;
        points.push(from);
        const after = next(to);
        if (after !== undefined) points.push(after);
      }
    }
    points.sort(compareAddresses);
    const distinct = points.filter((one, i) => i === 0 || compareAddresses(one, points[i - 1]!) !== 0);
    this.count = distinct.length + 1;
    this.#points = Uint32Array.from(
      distinct.flatMap(({ a, b, c, d }) => (family === 4 ? [d] : [a, b, c, d])),
    );
    if (family === 4) this.#index();
  }

  /** Returns the class of the address whose four lanes stand at `at`. */
  at(lanes: Uint32Array, at: number): number {
    if (this.#family === 6)
      return rankWide(this.#points, lanes[at]!, lanes[at + 1]!, lanes[at + 2]!, lanes[at + 3]!);
    const value = lanes[at + 3]!;
    const points = this.#points;
    let low = this.#blocks[value >>> 16]!;
    let high = this.#blocks[(value >>> 16) + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (points[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  holding(matches: readonly Match[], _hook: Hook, set: (from: number, to: number) => void): void {
    let addresses = AddressSet.all;
    for (const match of matches) {
      if (!('addresses' in match) || !(match.addresses instanceof AddressSet)) continue;
      addresses = addresses.intersect(match.negated ? match.addresses.complement() : match.addresses);
    }
    for (const { from, to } of addresses.ranges()) {
      if (from.family === this.#family) set(this.#of(from), this.#of(to));
    }
  }

  #of({ a, b, c, d }: Address): number {
    return this.at(Uint32Array.of(a, b, c, d), 0);
  }

  #index(): void {
    let at = 0;
    for (let block = 0; block < 65_537; block++) {
      while (at < this.#points.length && this.#points[at]! < block * 65_536) at++;
      this.#blocks[block] = at;
    }
  }
}

/** Packets that stand for the classes of the small fields, in the order of the classes. */
export function samplesOf(field: number, family: Family, interfaces: readonly string[]): Packet[] {
  const packet: Packet = { family, chain: 'FORWARD', protocol: 6, state: 'NEW', tcpFlags: 0 };
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
  switch (field) {
    case Field.Protocol:
      return numbers(256).map((protocol) => ({ ...packet, protocol }));
    case Field.State:
      return states.map((state) => ({ ...packet, state }));
    case Field.TcpFlags:
      return [...numbers(256).map((tcpFlags) => ({ ...packet, tcpFlags })), { ...packet, protocol: 17 }];
    case Field.In:
    case Field.Out:
      return interfaces.map((name) => {
        // Only what this machine sends comes in by none.
        if (name === '') return { ...packet, chain: 'OUTPUT' };
        return field === Field.In ? { ...packet, inInterface: name } : { ...packet, outInterface: name };
      });
    default:
      throw new RangeError(`field ${field} has many values`);
  }
}

/** Classes of ICMP's types and codes: those that conditions name one by one, and all others. */
export class IcmpClasses implements FieldClasses {
  readonly #samples: Packet[] = [];
  readonly #of = new Map<number, number>();
  readonly #types = new Map<number, number>();
  readonly #others = new Map<number, number>();
  readonly #family: Family;

  constructor(matches: readonly Match[], family: Family) {
    this.#family = family;
    this.#sample(6);
    for (const protocol of [1, 58]) this.#others.set(protocol, this.#sample(protocol, ...unnamed(matches)));
    for (const match of matches) {
      if (match.kind !== 'icmp') continue;
      for (const { type, code } of match.types) {
        if (type === undefined) continue;
        this.#addType(match.protocol, type, matches);
        if (code !== undefined) this.#addCode(match.protocol, type, code);
      }
    }
  }

  get count(): number {
    return this.#samples.length;
  }

  /** Returns the class of a packet of a protocol, with type × 256 + code. */
  at(protocol: number, icmp: number): number {
    if (protocol !== 1 && protocol !== 58) return 0;
    const base = protocol * 65_536;
    return this.#of.get(base + icmp) ?? this.#types.get(base + (icmp >>> 8)) ?? this.#others.get(protocol)!;
  }

  holding(matches: readonly Match[], hook: Hook, set: (from: number, to: number) => void): void {
    new SmallClasses(this.#samples).holding(matches, hook, set);
  }

  #addType(protocol: number, type: number, matches: readonly Match[]): void {
    const key = protocol * 65_536 + type;
    if (!this.#types.has(key)) this.#types.set(key, this.#sample(protocol, type, unnamedCode(matches, type)));
  }

  #addCode(protocol: number, type: number, code: number): void {
    const key = protocol * 65_536 + type * 256 + code;
    if (!this.#of.has(key)) this.#of.set(key, this.#sample(protocol, type, code));
  }

  #sample(protocol: number, icmpType = 0, icmpCode = 0): number {
    const rest = protocol === 6 ? { tcpFlags: 0 } : { icmpType, icmpCode };
    return (
      this.#samples.push({ family: this.#family, chain: 'FORWARD', protocol, state: 'NEW', ...rest }) - 1
    );
  }
}

/** A type that no condition names; 256 where all are named, which no packet has. */
function unnamed(matches: readonly Match[]): [type: number, code: number] {
  const named = new Set(
    matches.flatMap((match) => (match.kind === 'icmp' ? match.types.map(({ type }) => type) : [])),
  );
  let type = 0;
  while (named.has(type)) type++;
  return [type, 256];
}

/** A code of the type that no condition names. */
function unnamedCode(matches: readonly Match[], type: number): number {
  const named = new Set(
    matches.flatMap((match) =>
      match.kind === 'icmp' ? match.types.filter((one) => one.type === type).map(({ code }) => code) : [],
    ),
  );
  let code = 0;
  while (named.has(code)) code++;
  return code;
}

function next({ family, a, b, c, d }: Address): Address | undefined {
  if (d !== 0xffffffff) return family === 4 ? ipv4(d + 1) : ipv6(a, b, c, d + 1);
  if (family === 4) return undefined;
  if (c !== 0xffffffff) return ipv6(a, b, c + 1, 0);
  if (b !== 0xffffffff) return ipv6(a, b + 1, 0, 0);
  return a === 0xffffffff ? undefined : ipv6(a + 1, 0, 0, 0);
}
