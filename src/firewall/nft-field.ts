import type { Family } from '../net/address.ts';
import type { IntegerRange } from '../net/integer-set.ts';
import { PortSet } from '../net/port-set.ts';
import { protocolNumber } from '../net/protocol.ts';
import { ProtocolSet } from '../net/protocol-set.ts';
import { WordSet } from '../net/word-set.ts';
import { addressSetOf, parseAddressValue } from './address-values.ts';
import { parseWord } from './nft-numbers.ts';
import type { IcmpType, Match, NumberField } from './ruleset.ts';
import { parseIcmpType, parsePortRange } from './values.ts';

/** How a rule compares: `implicit` where no operator stands. */
export type Relation = 'implicit' | '==' | '!=' | '<' | '>' | '<=' | '>=';

/** A value that a field may have, as read; only the field itself looks into it. */
export type FieldValue = unknown;

/** What an expression of a rule asks a packet for, and how its values are written. */
export interface NftField {
  /** As written. */
  readonly text: string;
  /** What else nft asks for before it, e.g. that the packet is TCP. */
  readonly implied: readonly Match[];
  /** Only its text is known. */
  readonly isOpaque?: true;
  /** Equal packets may have different values of it. */
  readonly varies?: boolean;
  /** Returns the value that a text writes; undefined when it is not understood. */
  read(text: string): FieldValue | undefined;
  /** Returns the condition that the field has one of the values. */
  oneOf(values: readonly FieldValue[]): Match;
  /** Returns the condition of a comparison that is no membership, or undefined when it is none of this field. */
  compare?(relation: Relation, value: FieldValue): Match | undefined;
  /** Of bits: the condition for the values of a list, `syn,ack`; absent for other fields. */
  bits?(relation: Relation, values: readonly FieldValue[], mask?: readonly FieldValue[]): Match | undefined;
  /** It is a number that operators on bits can be used with. */
  readonly number?: NumberField;
  /** Returns the field of the number after those operators. */
  withBits?(text: string, value: { readonly keep: number; readonly flip: number }): NftField;
}

/** The condition that always holds. */
export const always: Match = { kind: 'any of', alternatives: [[]], negated: false };
/** The condition that never holds. */
export const never: Match = { kind: 'any of', alternatives: [], negated: false };

/** Returns the opposite of a condition. */
export function not(match: Match): Match {
  return { ...match, negated: !match.negated };
}

/** Returns the field whose values are whole numbers up to `max`; `make` builds its condition. */
export function rangeField(
  text: string,
  implied: readonly Match[],
  max: number,
  readOne: (text: string) => number | undefined,
  make: (ranges: readonly IntegerRange[]) => Match,
): NftField {
  return {
    text,
    implied,
    read: (value) => readRange(value, readOne, max),
    oneOf: (values) => make(values as IntegerRange[]),
    compare: (relation, value) => {
      const range = comparison(relation, value as IntegerRange, max);
      return range && (range.from > range.to ? never : make([range]));
    },
  };
}

function readRange(
  text: string,
  readOne: (text: string) => number | undefined,
  max: number,
): IntegerRange | undefined {
  const single = readOne(text);
  const dash = text.indexOf('-', 1);
  const from = single ?? (dash > 0 ? readOne(text.slice(0, dash)) : undefined);
  const to = single ?? readOne(text.slice(dash + 1));
  return from === undefined || to === undefined || from > to || to > max ? undefined : { from, to };
}

function comparison(relation: Relation, { from, to }: IntegerRange, max: number): IntegerRange | undefined {
  if (from !== to) return undefined;
  switch (relation) {
    case '<':
      return { from: 0, to: from - 1 };
    case '<=':
      return { from: 0, to: from };
    case '>':
      return { from: from + 1, to: max };
    case '>=':
      return { from, to: max };
    default:
      return undefined;
  }
}

/** Returns the field for a number of the packet, of which only the bits of `keep` are looked at after `flip`. */
export function numberField(
  text: string,
  implied: readonly Match[],
  field: NumberField,
  readOne: (text: string) => number | undefined = parseWord,
  { keep = 0xffffffff, flip = 0, add = 0 } = {},
): NftField {
  const mask = keep === 0xffffffff ? undefined : keep;
  const make = (ranges: readonly IntegerRange[]): Match => ({
    kind: 'number',
    field,
    ...(mask !== undefined && { mask }),
    values: WordSet.ofRanges(ranges.map((range) => flipped(range, flip, add))),
    negated: false,
  });
  const base = rangeField(text, implied, 0xffffffff, readOne, make);
  const isPlain = flip === 0;
  return {
    ...base,
    number: field,
    ...(add === 0 && {
      withBits: (whole: string, bits: { readonly keep: number; readonly flip: number }) =>
        numberField(whole, implied, field, readOne, bits),
    }),
    // After bits are turned around, a range of numbers is none any more.
    read: (value) => {
      const range = base.read(value) as IntegerRange | undefined;
      return range !== undefined && (isPlain || range.from === range.to) ? range : undefined;
    },
    compare: (relation, value) => (isPlain ? base.compare?.(relation, value) : undefined),
  };
}

function flipped({ from, to }: IntegerRange, flip: number, add: number): IntegerRange {
  const top = (value: number) => Math.min(value + add, 0xffffffff);
  return flip === 0 ? { from: top(from), to: top(to) } : { from: (from ^ flip) >>> 0, to: (to ^ flip) >>> 0 };
}

/** Returns the field whose values are addresses. */
export function addressField(
  text: string,
  family: Family,
  kind: 'source' | 'destination' | 'original source' | 'original destination',
): NftField {
  return {
    text,
    implied: [{ kind: 'family', family, negated: false }],
    read: (value) => parseAddressValue(value, family),
    oneOf: (values) => ({
      kind,
      addresses: addressSetOf(values as Parameters<typeof addressSetOf>[0]),
      negated: false,
    }),
  };
}

/** Returns the field whose values are ports. */
export function portField(
  text: string,
  implied: readonly Match[],
  kind: 'source port' | 'destination port' | 'original source port' | 'original destination port',
  raw = false,
): NftField {
  const make = (ranges: readonly IntegerRange[]): Match => {
    const ports = PortSet.ofRanges(ranges);
    return kind.startsWith('original')
      ? { kind: kind as 'original source port', ports, negated: false }
      : { kind: kind as 'source port', ports, negated: false, ...(raw && { raw }) };
  };
  const base = rangeField(text, implied, 65535, () => undefined, make);
  return {
    ...base,
    read: (value) => {
      const ports = /^-|-$/.test(value) ? undefined : parsePortRange(value, '-');
      return ports?.ranges()[0];
    },
  };
}

/** Returns the field whose values are protocols. */
export function protocolField(text: string, implied: readonly Match[]): NftField {
  return rangeField(
    text,
    implied,
    255,
    (value) => protocolNumber(value.replace(/^ipv6-icmp$/, 'icmpv6')),
    (ranges) => {
      let protocols = ProtocolSet.empty;
      for (const { from, to } of ranges) protocols = protocols.union(ProtocolSet.range(from, to));
      return { kind: 'protocol', protocols, negated: false };
    },
  );
}

/** Returns the field whose values are names; `known` gives the name in the model, undefined for one that it has not. */
export function nameField(
  text: string,
  implied: readonly Match[],
  known: (name: string) => string | undefined,
  make: (names: ReadonlySet<string>) => Match,
): NftField {
  return { text, implied, read: known, oneOf: (values) => make(new Set(values as string[])) };
}

/** Returns the field of the versions of IP: `undefined` values stand for packets that are none. */
export function familyField(
  text: string,
  implied: readonly Match[],
  known: Readonly<Record<string, Family | 'none'>>,
): NftField {
  return {
    text,
    implied,
    read: (value) => (Object.hasOwn(known, value) ? known[value] : undefined),
    oneOf: (values) => {
      const [four, six] = [values.includes(4), values.includes(6)];
      if (four && six) return always;
      return four || six ? { kind: 'family', family: four ? 4 : 6, negated: false } : never;
    },
  };
}

/** Returns the field of types or codes of ICMP. */
export function icmpField(
  text: string,
  implied: readonly Match[],
  family: Family,
  codes?: Readonly<Record<string, number>>,
): NftField {
  const protocol = family === 4 ? 1 : 58;
  const readOne = (value: string): number | undefined => {
    if (codes === undefined) return parseIcmpType(value, family)?.type;
    return Object.hasOwn(codes, value) ? codes[value] : parseWord(value);
  };
  const make = (ranges: readonly IntegerRange[]): Match => {
    const types: IcmpType[] = [];
    for (const { from, to } of ranges)
      for (let value = from; value <= to; value++)
        types.push(codes === undefined ? { type: value } : { code: value });
    return { kind: 'icmp', protocol, types: unique(types), negated: false };
  };
  return rangeField(text, implied, 255, readOne, make);
}

/** At most as many as there are types. */
function unique(types: readonly IcmpType[]): IcmpType[] {
  return [...new Map(types.map((one) => [one.type ?? one.code, one])).values()];
}

/** Returns the field of something that is not modelled. */
export function opaqueField(text: string, implied: readonly Match[], varies: boolean): NftField {
  return {
    text,
    implied,
    isOpaque: true,
    varies,
    read: (value) => value,
    oneOf: (values) => opaque(`${text} ${values.length === 1 ? String(values[0]) : '{ … }'}`, varies),
  };
}

/** Returns the condition of which only the text is known. */
export function opaque(text: string, varies = false): Match {
  return { kind: 'opaque', text, negated: false, ...(varies && { varies: true as const }) };
}
