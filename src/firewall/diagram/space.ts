import type { Packet } from '../packet.ts';
import type { Ruleset } from '../ruleset.ts';
import { type BitPrefix, type Bits, bitOf, bitsWithin, lanesOf } from './bits.ts';
import { Diagrams, type Node } from './diagrams.ts';
import {
  type Field,
  fieldOrder,
  type Named,
  namesIn,
  type Path,
  packetTypes,
  states,
  statuses,
  widthOf,
} from './fields.ts';

/** Where a field stands among the variables. */
export interface Place {
  readonly field: Field;
  /** Its highest bit; the others follow. */
  readonly first: number;
  readonly width: number;
}

export interface SpaceOptions {
  /** Nodes that the diagrams may have. */
  readonly limit?: number;
  readonly order?: readonly Field[];
}

/**
 * All packets of one path as ways to set variables: the bits of their fields, then one variable for each condition that
 * is not modelled, which may hold or not. Rulesets that are compared share one space.
 */
export class PacketSpace {
  readonly path: Path;
  readonly diagrams: Diagrams;
  readonly named: Named;
  readonly places: readonly Place[];
  readonly #bits = new Map<Field, Bits>();
  readonly #placeOf = new Map<Field, Place>();
  #placeOfVariable: readonly Place[] | undefined;
  readonly #guesses = new Map<string, number>();
  readonly #guessTexts: string[] = [];
  /** How many variables fields take; those after them are guesses. */
  readonly fieldVariables: number;

  constructor(path: Path, rulesets: readonly Ruleset[], { limit, order = fieldOrder }: SpaceOptions = {}) {
    this.path = path;
    this.diagrams = new Diagrams(limit);
    this.named = namesIn(rulesets);
    let first = 0;
    this.places = order.map((field) => {
      const place = { field, first, width: widthOf(field, path, this.named) };
      first += place.width;
      this.#placeOf.set(field, place);
      return place;
    });
    this.fieldVariables = first;
  }

  /** How many variables there are: of fields, and of the guesses that were asked for so far. */
  get variables(): number {
    return this.fieldVariables + this.#guesses.size;
  }

  place(field: Field): Place {
    return this.#placeOf.get(field)!;
  }

  /** Returns the variables of a field, that of its highest bit first. */
  variablesOf(field: Field): number[] {
    const { first, width } = this.place(field);
    return Array.from({ length: width }, (_, at) => first + at);
  }

  /** Returns the bits of a field of the packet as it came. */
  bits(field: Field): Bits {
    let bits = this.#bits.get(field);
    if (bits === undefined) {
      bits = this.variablesOf(field).map((one) => this.diagrams.variable(one));
      this.#bits.set(field, bits);
    }
    return bits;
  }

  /** Returns where a field of the packet as it came lies in one of the sorted prefixes. */
  within(field: Field, prefixes: readonly BitPrefix[]): Node {
    return bitsWithin(this.diagrams, this.bits(field), prefixes);
  }

  /** Returns the variable of something that may hold or not, the same for the same text. */
  guess(text: string): Node {
    let variable = this.#guesses.get(text);
    if (variable === undefined) {
      variable = this.fieldVariables + this.#guesses.size;
      this.#guesses.set(text, variable);
      this.#guessTexts.push(text);
    }
    return this.diagrams.variable(variable);
  }

  /** Returns the conjunction of all variables that are guesses. */
  guessCube(): Node {
    return this.diagrams.cube(this.#guessTexts.map((_, at) => this.fieldVariables + at));
  }

  /** Returns the texts of the guesses that a function hangs on. */
  guessesIn(node: Node): string[] {
    return this.diagrams
      .support(node)
      .filter((variable) => variable >= this.fieldVariables)
      .map((variable) => this.#guessTexts[variable - this.fieldVariables]!);
  }

  /** Tells whether a packet, of which every field is known, is in a set; guesses are taken to be as `guess` says. */
  contains(node: Node, packet: Packet, guess = (_text: string): boolean => false): boolean {
    const lanes = new Map<Field, readonly number[]>();
    this.#placeOfVariable ??= this.places.flatMap((place) => new Array<Place>(place.width).fill(place));
    const fields = this.#placeOfVariable;
    return this.diagrams.holds(node, (variable) => {
      const place = fields[variable];
      if (place === undefined) return guess(this.#guessTexts[variable - this.fieldVariables]!);
      let value = lanes.get(place.field);
      value ??= this.#lanesOf(packet, place);
      lanes.set(place.field, value);
      return bitOf(value, variable - place.first) === 1;
    });
  }

  #lanesOf(packet: Packet, { field, width }: Place): readonly number[] {
    const value = this.#valueOf(packet, field);
    return typeof value === 'number' ? [(value << (32 - width)) >>> 0] : value;
  }

  #valueOf(packet: Packet, field: Field): number | number[] {
    const { interfaces, patterns, hardware } = this.named;
    const words = this.path.family === 4 ? [0] : [0, 0, 0, 0];
    switch (field) {
      case 'protocol':
        return packet.protocol;
      case 'state':
        return states.indexOf(packet.state);
      case 'in':
      case 'out': {
        const name = field === 'in' ? packet.inInterface : packet.outInterface;
        return name === undefined ? 0 : interfaces.codeOf(name, patterns);
      }
      case 'source':
      case 'destination':
        return packet[field] === undefined ? words : lanesOf(packet[field]);
      case 'source port':
        return packet.sourcePort ?? 0;
      case 'destination port':
        return packet.port ?? 0;
      case 'icmp type':
        return packet.icmpType ?? 0;
      case 'icmp code':
        return packet.icmpCode ?? 0;
      case 'tcp flags':
        return packet.tcpFlags ?? 0;
      case 'direction':
        return packet.direction === 'reply' ? 1 : 0;
      case 'status':
        return statuses.reduce((sum, one, bit) => sum + (packet.statuses?.has(one) ? 2 ** bit : 0), 0);
      case 'fragment':
        return packet.isLaterFragment ? 1 : 0;
      case 'hardware source': {
        const code = hardware.indexOf(packet.hardwareSource ?? '');
        return code < 0 ? hardware.length - 1 : code;
      }
      case 'packet type':
        return packetTypes.indexOf(packet.packetType ?? 'unicast');
      case 'original source':
      case 'original destination': {
        const end = packet.original?.[field === 'original source' ? 'source' : 'destination'];
        return end === undefined ? words : lanesOf(end);
      }
      case 'original source port':
        return packet.original?.sourcePort ?? 0;
      case 'original destination port':
        return packet.original?.port ?? 0;
      default:
        return packet.numbers?.[field] ?? 0;
    }
  }
}
