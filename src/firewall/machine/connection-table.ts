import type { Connection } from './connection.ts';
import { addressKey, keyOf, type Tuple } from './tuple.ts';

/** A connection, and in which direction of it a tuple is. */
export interface Found {
  readonly connection: Connection;
  readonly isAnswer: boolean;
}

/** Connections by the tuples of both directions. At most `capacity`: the oldest gives way, and is counted. */
export class ConnectionTable {
  readonly #byTuple = new Map<string, Found>();
  /** Connections of which it is not known by which port they are answered, by all else. */
  readonly #unclear = new Map<string, Connection>();
  /** The same by their sources: what a source was once translated to, its next connections are too. */
  readonly #unclearSources = new Map<string, Connection>();
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
    const found = this.#unclear.get(unclearKey(tuple));
    return found !== undefined && found.expires > time ? found : undefined;
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
    if (unclear === undefined) this.#byTuple.set(keyOf(reply), { connection, isAnswer: true });
    return true;
  }

  /** Tells whether the source of a connection has been translated to what is not known. */
  hasUnclearSource({ original }: Connection, time: number): boolean {
    const found = this.#unclearSources.get(sourceKey(original));
    return found !== undefined && found.expires > time;
  }

  /** Notes what answers a connection that is in the table may look like, its port aside. */
  addUnclear(connection: Connection, answers: Tuple): void {
    if (this.#unclear.size >= this.#capacity) {
      this.#unclear.clear();
      this.#unclearSources.clear();
    }
    this.#unclear.set(unclearKey(answers), connection);
    this.#unclearSources.set(sourceKey(connection.original), connection);
  }

  remove(connection: Connection): void {
    this.#order.delete(connection);
    this.#byTuple.delete(keyOf(connection.original));
    if (connection.unclear === undefined) this.#byTuple.delete(keyOf(connection.reply));
  }
}

function unclearKey({ protocol, source, destination, from }: Tuple): string {
  return `${protocol} ${addressKey(source)} ${protocol === 1 || protocol === 58 ? 0 : from} ${addressKey(destination)}`;
}

function sourceKey({ protocol, source, from }: Tuple): string {
  return `${protocol} ${addressKey(source)} ${from}`;
}
