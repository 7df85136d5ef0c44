import type { Connection, OpenEnd, Unclear } from './connection.ts';
import { addressKey, isIcmp, type Tuple } from './tuple.ts';

/** Parts of a tuple, as bits. */
const [sourceBit, fromBit, destinationBit, toBit] = [1, 2, 4, 8] as const;

/** What is open of connections, and how many those are: there are no more patterns than rules make. */
interface Pattern {
  readonly name: string;
  readonly open: number;
  readonly unclear: Unclear;
  count: number;
}

/** Connections that answers may belong to. */
interface Candidates {
  /** Of which none has come yet that may be theirs. */
  readonly quiet: Set<Connection>;
  readonly others: Set<Connection>;
}

/** Connections of which it is not known what their answers come as, by what is known of those. */
export class UnclearAnswers {
  readonly #byKey = new Map<string, Candidates>();
  readonly #patterns = new Map<string, Pattern>();

  add(connection: Connection): void {
    const { reply, unclear } = connection;
    if (unclear === undefined) return;
    const pattern = this.#patternOf(reply, unclear);
    pattern.count++;
    this.#patterns.set(pattern.name, pattern);
    const key = keyOf(reply, pattern);
    const candidates = this.#byKey.get(key) ?? { quiet: new Set(), others: new Set() };
    candidates.quiet.add(connection);
    this.#byKey.set(key, candidates);
  }

  remove(connection: Connection): void {
    const { reply, unclear } = connection;
    if (unclear === undefined) return;
    const pattern = this.#patternOf(reply, unclear);
    const key = keyOf(reply, pattern);
    const candidates = this.#byKey.get(key);
    if (candidates === undefined) return;
    const { quiet, others } = candidates;
    if (!quiet.delete(connection) && !others.delete(connection)) return;
    if (quiet.size + others.size === 0) this.#byKey.delete(key);
    if (--pattern.count === 0) this.#patterns.delete(pattern.name);
  }

  /** Yields the connections that a tuple may answer. */
  *of(tuple: Tuple): Generator<Connection, void> {
    for (const { quiet, others } of this.#candidates(tuple)) {
      yield* others;
      yield* quiet;
    }
  }

  /** Returns the connections that a tuple may be the first answer to; from now on it has been. */
  answer(tuple: Tuple): Connection[] {
    const first: Connection[] = [];
    for (const { quiet, others } of this.#candidates(tuple)) {
      for (const connection of quiet) {
        first.push(connection);
        others.add(connection);
      }
      quiet.clear();
    }
    return first;
  }

  #candidates(tuple: Tuple): Candidates[] {
    const found: Candidates[] = [];
    for (const pattern of this.#patterns.values()) {
      if (!mayAnswer(tuple, pattern.unclear)) continue;
      const candidates = this.#byKey.get(keyOf(tuple, pattern));
      if (candidates !== undefined) found.push(candidates);
    }
    return found;
  }

  #patternOf(reply: Tuple, unclear: Unclear): Pattern {
    const open = openParts(reply, unclear);
    const name = `${open} ${nameOf(unclear.source)} ${nameOf(unclear.destination)}`;
    return this.#patterns.get(name) ?? { name, open, unclear, count: 0 };
  }
}

function mayAnswer(tuple: Tuple, { source, destination }: Unclear): boolean {
  const to = isIcmp(tuple) ? tuple.from : tuple.to;
  return mayBe(source, to) && (isIcmp(tuple) || mayBe(destination, tuple.from));
}

function mayBe(end: OpenEnd | undefined, port: number): boolean {
  return end === undefined || (port >= end.ports.from && port <= end.ports.to);
}

/** What the new source is, answers are sent to; what the new destination is, they come from. */
function openParts(reply: Tuple, { source, destination }: Unclear): number {
  let open = 0;
  if (source !== undefined) open |= isIcmp(reply) ? fromBit : toBit;
  if (source?.what === 'address') open |= destinationBit;
  if (destination !== undefined && !isIcmp(reply)) open |= fromBit;
  if (destination?.what === 'address') open |= sourceBit;
  return open;
}

function nameOf(end: OpenEnd | undefined): string {
  return end === undefined ? '' : `${end.ports.from}-${end.ports.to}`;
}

function keyOf({ protocol, source, destination, from, to }: Tuple, { name, open }: Pattern): string {
  const known = [
    (open & sourceBit) === 0 ? addressKey(source) : '',
    (open & fromBit) === 0 ? from : '',
    (open & destinationBit) === 0 ? addressKey(destination) : '',
    (open & toBit) === 0 ? to : '',
  ];
  return `${name} ${protocol} ${known.join(' ')}`;
}
