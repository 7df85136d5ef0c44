import type { Address } from '../../net/address.ts';
import type { Connection } from './connection.ts';
import { addressKey, type Tuple } from './tuple.ts';

/** A connection among those of the same source that became the same address. */
interface Place {
  readonly connection: Connection;
  readonly key: string;
  readonly number: number;
  older?: Place;
  newer?: Place;
}

/** Connections by what their source was and which address it became, the latest first (the kernel's table `bysource`). */
export class SourceIndex {
  readonly #latest = new Map<string, Place>();
  readonly #places = new Map<Connection, Place>();
  #count = 0;

  add(connection: Connection): void {
    const { original, reply, unclear } = connection;
    const became = unclear?.source?.what === 'address' ? undefined : reply.destination;
    const key = sourceKey(original, became);
    const older = this.#latest.get(key);
    const place: Place = { connection, key, number: this.#count++, ...(older && { older }) };
    if (older !== undefined) older.newer = place;
    this.#latest.set(key, place);
    this.#places.set(connection, place);
  }

  remove(connection: Connection): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    this.#places.delete(connection);
    const { key, older, newer } = place;
    if (older !== undefined) setOrDelete(older, 'newer', newer);
    if (newer !== undefined) setOrDelete(newer, 'older', older);
    else if (older !== undefined) this.#latest.set(key, older);
    else this.#latest.delete(key);
  }

  /** Yields the connections from the source of a tuple that became an address, or may have, the latest first. */
  *from(tuple: Tuple, became: Address): Generator<Connection, void> {
    let [sure, open] = [
      this.#latest.get(sourceKey(tuple, became)),
      this.#latest.get(sourceKey(tuple, undefined)),
    ];
    while (sure !== undefined || open !== undefined) {
      if (open === undefined || (sure !== undefined && sure.number > open.number)) {
        yield sure!.connection;
        sure = sure!.older;
      } else {
        yield open.connection;
        open = open.older;
      }
    }
  }
}

function setOrDelete(place: Place, side: 'older' | 'newer', value: Place | undefined): void {
  if (value === undefined) delete place[side];
  else place[side] = value;
}

/** Without an address for those of which it is not known. */
function sourceKey({ protocol, source, from }: Tuple, became: Address | undefined): string {
  return `${protocol} ${addressKey(source)} ${from} ${became === undefined ? '?' : addressKey(became)}`;
}
