import { type Address, addressToBytes } from '../../../net/address.ts';

/** Bytes of an unsigned 32-bit integer. */
export function int(...values: readonly number[]): number[] {
  return values.flatMap((value) => [
    (value >>> 24) & 255,
    (value >>> 16) & 255,
    (value >>> 8) & 255,
    value & 255,
  ]);
}

/** Bytes of an unsigned hyper integer. */
export function hyper(value: number): number[] {
  return int(Math.floor(value / 2 ** 32), value % 2 ** 32);
}

/** An address with its type; undefined is one that is not known. */
export function address(value: Address | undefined): number[] {
  if (value === undefined) return int(0);
  return [...int(value.family === 4 ? 1 : 2), ...addressToBytes(value)];
}

function pad(bytes: readonly number[]): number[] {
  return [...bytes, ...new Array<number>(-bytes.length & 3).fill(0)];
}

/** A structure behind its format and length. */
export function structure(format: number, body: readonly number[]): number[] {
  return [...int(format, body.length), ...pad(body)];
}

export interface DatagramParts {
  readonly agent: Address;
  readonly subAgent?: number;
  readonly sequence?: number;
  readonly uptime?: number;
  readonly samples: readonly (readonly number[])[];
}

/** A datagram of sFlow version 5. */
export function datagram({
  agent,
  subAgent = 0,
  sequence = 1,
  uptime = 1000,
  samples,
}: DatagramParts): Uint8Array {
  return Uint8Array.from([
    ...int(5),
    ...address(agent),
    ...int(subAgent, sequence, uptime, samples.length),
    ...samples.flat(),
  ]);
}

export interface FlowSampleParts {
  readonly sequence?: number;
  /** Class and index of the data source. */
  readonly source?: readonly [number, number];
  readonly rate?: number;
  readonly pool?: number;
  readonly drops?: number;
  /** Format and value. */
  readonly input?: readonly [number, number];
  readonly output?: readonly [number, number];
  readonly records: readonly (readonly number[])[];
}

/** A flow sample, or an expanded one. */
export function flowSample(parts: FlowSampleParts, expanded = false): number[] {
  const { sequence = 1, source = [0, 1], rate = 1, pool = 0, drops = 0, records } = parts;
  const { input = [0, 1], output = [0, 2] } = parts;
  const ends = [source, input, output].map(([kind, index]) => [kind, index] as const);
  const body = expanded
    ? int(sequence, ...ends[0]!, rate, pool, drops, ...ends[1]!, ...ends[2]!)
    : int(
        sequence,
        source[0] * 2 ** 24 + source[1],
        rate,
        pool,
        drops,
        input[0] * 2 ** 30 + input[1],
        output[0] * 2 ** 30 + output[1],
      );
  return structure(expanded ? 3 : 1, [...body, ...int(records.length), ...records.flat()]);
}

/** A counter sample, or an expanded one. */
export function counterSample(
  sequence: number,
  source: readonly [number, number],
  records: readonly (readonly number[])[],
  expanded = false,
): number[] {
  const id = expanded ? int(...source) : int(source[0] * 2 ** 24 + source[1]);
  return structure(expanded ? 4 : 2, [...int(sequence), ...id, ...int(records.length), ...records.flat()]);
}

/** A discarded packet. */
export function discardSample(
  parts: {
    readonly sequence?: number;
    readonly drops?: number;
    readonly input?: number;
    readonly output?: number;
  },
  reason: number,
  records: readonly (readonly number[])[],
): number[] {
  const { sequence = 1, drops = 0, input = 1, output = 2 } = parts;
  return structure(5, [
    ...int(sequence, 0, 1, drops, input, output, reason, records.length),
    ...records.flat(),
  ]);
}

/** The first bytes of a packet. `frameLength` counts four bytes of checksum, which are stripped. */
export function headerRecord(header: Uint8Array, frameLength: number, protocol = 1): number[] {
  return structure(1, pad([...int(protocol, frameLength, 4, header.length), ...header]));
}

/** Generic interface counters whose values count up from `first`. */
export function interfaceRecord(index: number, octets: number, first: number): number[] {
  const six = (from: number): number[] => int(from, from + 1, from + 2, from + 3, from + 4);
  return structure(1, [
    ...int(index, 6),
    ...hyper(10_000_000_000),
    ...int(1, 3),
    ...hyper(octets),
    ...six(first),
    ...int(first + 5),
    ...hyper(octets + 1),
    ...six(first + 10),
    ...int(2),
  ]);
}
