import type { Address } from '../../net/address.ts';
import type { Connection } from './connection.ts';
import { SourceIndex } from './source-index.ts';
import { keyOf, type Tuple } from './tuple.ts';
import { UnclearAnswers } from './unclear-answers.ts';

/** A connection, and in which direction of it a tuple is. */
export interface Found {
  readonly connection: Connection;
  readonly isAnswer: boolean;
}

/** Connections by the tuples of both directions. At most `capacity`: the oldest gives way, and is counted. */
export class ConnectionTable {
  readonly #byTuple = new Map<string, Found>();
  readonly #unclear = new UnclearAnswers();
  readonly #sources = new SourceIndex();
  readonly #order = new Set<Connection>();
  readonly #capacity: number;
  /** Connections that gave way to others. */
  evicted = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#order.size;
  }

  /** Returns the connection that a tuple belongs to at a time. */
  find(tuple: Tuple, time: number): Found | undefined {
    const found = this.#byTuple.get(keyOf(tuple));
    if (found === undefined || found.connection.expires > time) return found;
    this.remove(found.connection);
    return undefined;
  }

  /** Returns a connection that the tuple may answer, for all that is known. */
  findUnclear(tuple: Tuple, time: number): Connection | undefined {
    for (const connection of this.#unclear.of(tuple)) {
      if (connection.expires > time) return connection;
      this.remove(connection);
    }
    return undefined;
  }

  /** Notes that what {@link findUnclear} finds may have been answered: what state it is in is not known any more. */
  answerUnclear(tuple: Tuple): void {
    for (const connection of this.#unclear.answer(tuple)) connection.doubt ??= connection.unclear!.why;
  }

  /** Tells whether a tuple is that of a connection; undefined where that is not known. */
  isTaken(tuple: Tuple, time: number): boolean | undefined {
    const found = this.find(tuple, time);
    if (found !== undefined) return found.connection.doubt === undefined ? true : undefined;
    return this.findUnclear(tuple, time) === undefined ? false : undefined;
  }

  /** Yields the connections from the source of a tuple that became an address, or may have, the latest first. */
  *from(tuple: Tuple, became: Address, time: number): Generator<Connection, void> {
    for (const connection of this.#sources.from(tuple, became)) {
      if (connection.expires > time) yield connection;
      else this.remove(connection);
    }
  }

  /** Adds a connection. Returns false when one of its tuples is another's. */
  add(connection: Connection, time: number): boolean {
    const { original, reply, unclear } = connection;
    if (this.find(original, time) !== undefined) return false;
    if (unclear === undefined && this.find(reply, time) !== undefined) return false;
    if (this.#order.size >= this.#capacity) {
      const [oldest] = this.#order;
      this.remove(oldest!);
      this.evicted++;
    }
    this.#order.add(connection);
    this.#byTuple.set(keyOf(original), { connection, isAnswer: false });
    if (connection.isSourceDone) this.#sources.add(connection);
    if (unclear === undefined) this.#byTuple.set(keyOf(reply), { connection, isAnswer: true });
    else this.#unclear.add(connection);
    return true;
  }

  remove(connection: Connection): void {
    if (!this.#order.delete(connection)) return;
    const { original, reply, unclear } = connection;
    this.#byTuple.delete(keyOf(original));
    this.#sources.remove(connection);
    if (unclear === undefined) this.#byTuple.delete(keyOf(reply));
    else this.#unclear.remove(connection);
  }
}
