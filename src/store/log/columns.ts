import { communityId } from '../../flow/community-id.ts';
import type { Flow } from '../../flow/flow.ts';
import { type EndJson, type FlowJson, flowFromJson, flowToJson } from '../../flow/json.ts';
import { type Address, formatAddress } from '../../net/address.ts';
import { protocolName, protocolNumber } from '../../net/protocol.ts';
import type { Row } from '../store.ts';
import type { Planes } from './planes.ts';

/** Columns of numbers; `NaN` where a flow has none. */
export const numberColumns = [
  'row',
  'openedAt',
  'establishedAt',
  'closedAt',
  'lastAt',
  'sourcePort',
  'destinationPort',
  'sentPackets',
  'sentBytes',
  'sentFlags',
  'receivedPackets',
  'receivedBytes',
  'receivedFlags',
  'part',
  'weight',
] as const;

/** Columns with few values, as JSON; the empty text where a flow has none. `rest` is all that is in no other column. */
export const dictionaryColumns = [
  'protocol',
  'state',
  'seenBy',
  'verdict',
  'sourceProcess',
  'destinationProcess',
  'vlans',
  'tunnel',
  'names',
  'observation',
  'rest',
] as const;

/** Texts that are all different. */
export const textColumns = ['id', 'communityId'] as const;

export type NumberColumn = (typeof numberColumns)[number];
export type DictionaryColumn = (typeof dictionaryColumns)[number];
export type TextColumn = (typeof textColumns)[number];
export type EndColumn = 'source' | 'destination';

export type Codes = Uint8Array | Uint16Array | Uint32Array;

/** A value for each row, by its place among the distinct ones. */
export interface Dictionary {
  readonly codes: Codes;
  readonly values: readonly string[];
}

/** The end of each row, by its place among the distinct pairs of address and identity. */
export interface Ends {
  readonly codes: Codes;
  readonly family: Uint8Array;
  /** Four lanes for each distinct end, most significant first. */
  readonly lanes: Uint32Array;
  /** Identity of each distinct end, by its place among `identities`: as JSON, empty without one. */
  readonly identityCodes: Codes;
  readonly identities: readonly string[];
}

/** Flows, turned on their side. */
export interface FlowColumns {
  readonly rows: number;
  numbers(name: NumberColumn): Float64Array;
  /** The same numbers as bytes, where a segment has them so. */
  planes?(name: NumberColumn): Planes | undefined;
  dictionary(name: DictionaryColumn): Dictionary;
  ends(name: EndColumn): Ends;
  texts(name: TextColumn): readonly (string | null)[];
  /** A row for each distinct end, with the sums over its flows and nothing else but the end; where a segment has them. */
  byEnd?(name: EndColumn): FlowColumns | undefined;
  /** How many flows each row stands for; undefined where each is one. */
  readonly weights: Float64Array | undefined;
  /** Least and greatest time of opening, where they are known without looking. */
  readonly times?: readonly [number, number];
}

/** Returns the columns of the rows, in their order; `weights` is how many flows each stands for. */
export function columnsOf(rows: readonly Row<Flow>[], weights?: readonly number[]): FlowColumns {
  const numbers = Object.fromEntries(
    numberColumns.map((name) => [name, new Float64Array(rows.length)]),
  ) as Record<NumberColumn, Float64Array>;
  const dictionaries = Object.fromEntries(
    dictionaryColumns.map((name) => [name, new DictionaryBuilder(rows.length)]),
  ) as Record<DictionaryColumn, DictionaryBuilder>;
  const ends = { source: new EndsBuilder(rows.length), destination: new EndsBuilder(rows.length) };
  const texts: Record<TextColumn, (string | null)[]> = { id: [], communityId: [] };
  for (const [index, { row, value }] of rows.entries()) {
    // What is not named here goes to `rest`, so that a new field of a flow is never lost.
    const {
      id,
      communityId: _communityId,
      openedAt,
      establishedAt,
      closedAt,
      lastAt,
      source,
      destination,
      sent,
      received,
      part,
      protocol,
      state,
      seenBy,
      vlans,
      tunnel,
      names,
      observation,
      ...rest
    } = value;
    const { packets: sentPackets, bytes: sentBytes, tcpFlags: sentFlags } = sent ?? {};
    const { packets: receivedPackets, bytes: receivedBytes, tcpFlags: receivedFlags } = received ?? {};
    numbers.row[index] = row;
    numbers.openedAt[index] = openedAt;
    numbers.establishedAt[index] = establishedAt ?? Number.NaN;
    numbers.closedAt[index] = closedAt ?? Number.NaN;
    numbers.lastAt[index] = lastAt ?? Number.NaN;
    numbers.sourcePort[index] = source.port;
    numbers.destinationPort[index] = destination.port;
    numbers.sentPackets[index] = sentPackets ?? Number.NaN;
    numbers.sentBytes[index] = sentBytes ?? Number.NaN;
    numbers.sentFlags[index] = sentFlags ?? Number.NaN;
    numbers.receivedPackets[index] = receivedPackets ?? Number.NaN;
    numbers.receivedBytes[index] = receivedBytes ?? Number.NaN;
    numbers.receivedFlags[index] = receivedFlags ?? Number.NaN;
    numbers.part[index] = part ?? Number.NaN;
    numbers.weight[index] = weights?.[index] ?? Number.NaN;
    dictionaries.protocol.set(index, protocolName(protocol));
    dictionaries.state.set(index, state);
    dictionaries.seenBy.set(index, seenBy);
    dictionaries.verdict.set(index, rest.verdict?.outcome ?? '');
    dictionaries.sourceProcess.set(index, jsonOf(source.process));
    dictionaries.destinationProcess.set(index, jsonOf(destination.process));
    dictionaries.vlans.set(index, jsonOf(vlans));
    dictionaries.tunnel.set(index, tunnel === undefined ? '' : tunnelText(value));
    dictionaries.names.set(index, jsonOf(names));
    dictionaries.observation.set(index, jsonOf(observation));
    dictionaries.rest.set(index, restText(rest, value));
    ends.source.set(index, source.address, jsonOf(source.identity));
    ends.destination.set(index, destination.address, jsonOf(destination.identity));
    texts.id.push(id);
    texts.communityId.push(communityText(value));
  }
  const built = {
    dictionaries: mapValues(dictionaries, (builder) => builder.finish()),
    ends: mapValues(ends, (builder) => builder.finish()),
  };
  return {
    rows: rows.length,
    weights: weights && numbers.weight,
    numbers: (name) => numbers[name],
    dictionary: (name) => built.dictionaries[name],
    ends: (name) => built.ends[name],
    texts: (name) => texts[name],
  };
}

/** Returns the rows of all of `sets` as columns of one, in the order of their ids. */
export function mergeColumns(sets: readonly FlowColumns[]): FlowColumns {
  const rows = sets.reduce((sum, set) => sum + set.rows, 0);
  const ids = new Float64Array(rows);
  let filled = 0;
  for (const set of sets) {
    ids.set(set.numbers('row'), filled);
    filled += set.rows;
  }
  const order = Uint32Array.from({ length: rows }, (_, index) => index);
  const sorted = ids.every((id, index) => index === 0 || ids[index - 1]! <= id);
  if (!sorted) order.sort((a, b) => ids[a]! - ids[b]! || a - b);
  const inOrder = <T extends Float64Array | Uint32Array>(values: T): T => {
    if (sorted) return values;
    const moved = values.slice() as T;
    for (let i = 0; i < rows; i++) moved[i] = values[order[i]!]!;
    return moved;
  };
  return {
    rows,
    weights: sets.some(({ weights }) => weights !== undefined) ? joined('weight') : undefined,
    numbers: joined,
    dictionary: (name) => {
      const known = new Map<string, number>();
      const codes = new Uint32Array(rows);
      let at = 0;
      for (const set of sets) {
        const { codes: old, values } = set.dictionary(name);
        const renamed = Uint32Array.from(values, (value) => {
          const code = known.get(value) ?? known.size;
          known.set(value, code);
          return code;
        });
        for (let i = 0; i < old.length; i++) codes[at++] = renamed[old[i]!]!;
      }
      return { codes: inOrder(codes), values: [...known.keys()] };
    },
    ends: (name) => {
      const builder = new EndsBuilder(0);
      const codes = new Uint32Array(rows);
      let at = 0;
      for (const set of sets) {
        const ends = set.ends(name);
        const renamed = Uint32Array.from(ends.family, (_, code) =>
          builder.codeOf(
            addressAt(ends.family, ends.lanes, code),
            ends.identities[ends.identityCodes[code]!]!,
          ),
        );
        for (let i = 0; i < set.rows; i++) codes[at++] = renamed[ends.codes[i]!]!;
      }
      return { ...builder.finish(), codes: inOrder(codes) };
    },
    texts: (name) => {
      const all = sets.flatMap((set) => set.texts(name));
      return sorted ? all : Array.from(order, (index) => all[index]!);
    },
  };

  function joined(name: NumberColumn): Float64Array {
    const values = new Float64Array(rows);
    let at = 0;
    for (const set of sets) {
      values.set(set.numbers(name), at);
      at += set.rows;
    }
    return inOrder(values);
  }
}

/** Returns the row that was put in at `index`, as it was. Throws when a column is not what {@link columnsOf} made. */
export function rowAt(columns: FlowColumns, index: number): Row<Flow> {
  return { row: columns.numbers('row')[index]!, value: flowFromJson(flowJsonAt(columns, index)) };
}

/** Returns the flow at `index` as it stands in JSON. */
export function flowJsonAt(columns: FlowColumns, index: number): FlowJson {
  const number = (name: NumberColumn) => {
    const value = columns.numbers(name)[index]!;
    return Number.isNaN(value) ? undefined : value;
  };
  const word = (name: DictionaryColumn) => {
    const { codes, values } = columns.dictionary(name);
    return values[codes[index]!]!;
  };
  const parsed = (name: DictionaryColumn) => {
    const text = word(name);
    return text === '' ? undefined : JSON.parse(text);
  };
  const traffic = (way: 'sent' | 'received') => {
    const packets = number(`${way}Packets`);
    const bytes = number(`${way}Bytes`);
    return packets === undefined && bytes === undefined
      ? undefined
      : { packets, bytes, ...present({ tcpFlags: number(`${way}Flags`) }) };
  };
  const rest: Partial<FlowJson> | undefined = parsed('rest');
  return {
    id: columns.texts('id')[index]!,
    ...rest,
    protocol: word('protocol'),
    source: endAt(columns, 'source', index),
    destination: endAt(columns, 'destination', index),
    state: word('state'),
    seenBy: word('seenBy'),
    openedAt: number('openedAt'),
    ...present({
      establishedAt: number('establishedAt'),
      closedAt: number('closedAt'),
      lastAt: number('lastAt'),
      sent: traffic('sent'),
      received: traffic('received'),
      vlans: parsed('vlans'),
      tunnel: parsed('tunnel'),
      names: parsed('names'),
      observation: parsed('observation'),
      part: number('part'),
      communityId: communityAt(columns, index, rest?.icmp),
    }),
  } as FlowJson;
}

/** Stands for the Community ID that follows from the ends: it says nothing new, and its digest does not pack. */
const follows = '=';

function communityText({ communityId: text, protocol, source, destination, icmp }: Flow): string | null {
  if (text === undefined) return null;
  if (text === communityId(protocol, source, destination, icmp)) return follows;
  return text.startsWith(follows) ? follows + text : text;
}

function communityAt(columns: FlowColumns, index: number, icmp: FlowJson['icmp']): string | undefined {
  const text = columns.texts('communityId')[index] ?? undefined;
  if (text !== follows) return text?.startsWith(follows) ? text.slice(follows.length) : text;
  const { codes, values } = columns.dictionary('protocol');
  const end = (name: EndColumn) => {
    const ends = columns.ends(name);
    const address = addressAt(ends.family, ends.lanes, ends.codes[index]!);
    return { address, port: columns.numbers(`${name}Port`)[index]! };
  };
  const protocol = protocolNumber(values[codes[index]!]!);
  // One that is none could not be read as a flow either.
  return protocol === undefined ? undefined : communityId(protocol, end('source'), end('destination'), icmp);
}

/** Returns the address and identity of a distinct end, with no port. */
export function distinctEnd({ family, lanes, identityCodes, identities }: Ends, code: number): EndJson {
  const identity = identities[identityCodes[code]!]!;
  return {
    address: formatAddress(addressAt(family, lanes, code)),
    port: 0,
    ...(identity === '' ? {} : { identity: JSON.parse(identity) }),
  };
}

function endAt(columns: FlowColumns, name: EndColumn, index: number): EndJson {
  const ends = columns.ends(name);
  const { codes, values } = columns.dictionary(`${name}Process`);
  const process = values[codes[index]!]!;
  return {
    ...distinctEnd(ends, ends.codes[index]!),
    port: columns.numbers(`${name}Port`)[index]!,
    ...(process === '' ? {} : { process: JSON.parse(process) }),
  };
}

function addressAt(family: Uint8Array, lanes: Uint32Array, code: number): Address {
  const at = code * 4;
  return {
    family: family[code] === 4 ? 4 : 6,
    a: lanes[at]!,
    b: lanes[at + 1]!,
    c: lanes[at + 2]!,
    d: lanes[at + 3]!,
  };
}

function jsonOf(value: object | undefined): string {
  return value === undefined ? '' : JSON.stringify(value);
}

function tunnelText(flow: Flow): string {
  return JSON.stringify(flowToJson(flow).tunnel);
}

/** Addresses of NAT are written as texts. */
function restText(rest: Partial<Flow>, flow: Flow): string {
  return JSON.stringify(
    rest.translated === undefined ? rest : { ...rest, translated: flowToJson(flow).translated },
  );
}

/** The fields that are there. */
function present(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function mapValues<K extends string, A, B>(record: Record<K, A>, map: (value: A) => B): Record<K, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value as A)])) as Record<
    K,
    B
  >;
}

class DictionaryBuilder {
  readonly #codes: Uint32Array;
  readonly #known = new Map<string, number>();

  constructor(rows: number) {
    this.#codes = new Uint32Array(rows);
  }

  set(index: number, value: string): void {
    let code = this.#known.get(value);
    if (code === undefined) {
      code = this.#known.size;
      this.#known.set(value, code);
    }
    this.#codes[index] = code;
  }

  finish(): Dictionary {
    return { codes: this.#codes, values: [...this.#known.keys()] };
  }
}

class EndsBuilder {
  readonly #codes: Uint32Array;
  /** IPv4 addresses without an identity by their value, all others by a text. */
  readonly #known = new Map<number | string, number>();
  readonly #addresses: Address[] = [];
  readonly #identities: string[] = [];

  constructor(rows: number) {
    this.#codes = new Uint32Array(rows);
  }

  set(index: number, address: Address, identity: string): void {
    this.#codes[index] = this.codeOf(address, identity);
  }

  codeOf(address: Address, identity: string): number {
    const { family, a, b, c, d } = address;
    const key = family === 4 && identity === '' ? d : `${family},${a},${b},${c},${d},${identity}`;
    let code = this.#known.get(key);
    if (code === undefined) {
      code = this.#addresses.length;
      this.#known.set(key, code);
      this.#addresses.push(address);
      this.#identities.push(identity);
    }
    return code;
  }

  finish(): Ends {
    const lanes = new Uint32Array(this.#addresses.length * 4);
    for (const [code, { a, b, c, d }] of this.#addresses.entries()) lanes.set([a, b, c, d], code * 4);
    const builder = new DictionaryBuilder(this.#identities.length);
    for (const [code, identity] of this.#identities.entries()) builder.set(code, identity);
    const identities = builder.finish();
    return {
      codes: this.#codes,
      family: Uint8Array.from(this.#addresses, ({ family }) => family),
      lanes,
      identityCodes: identities.codes,
      identities: identities.values,
    };
  }
}
