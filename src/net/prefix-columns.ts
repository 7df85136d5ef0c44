import type { Family } from './address.ts';
import type { Width } from './boundaries.ts';
import type { Prefix } from './prefix.ts';

/** Prefixes of one family, one column per field. */
export interface PrefixColumns {
  readonly count: number;
  /** Lanes per address: 1 for IPv4, 4 for IPv6. */
  readonly width: Width;
  /** `width` lanes per prefix, most significant first. */
  readonly addresses: Uint32Array;
  readonly lengths: Uint8Array;
}

/** Returns the number of lanes that an address of the family takes. */
export function widthOf(family: Family): Width {
  return family === 4 ? 1 : 4;
}

/** Returns the columns of prefixes that are all of `family`, in the given order. */
export function toColumns(prefixes: readonly Prefix[], family: Family): PrefixColumns {
  const width = widthOf(family);
  const addresses = new Uint32Array(prefixes.length * width);
  const lengths = new Uint8Array(prefixes.length);
  prefixes.forEach(({ address, length }, i) => {
    if (width === 4) {
      addresses[i * 4] = address.a;
      addresses[i * 4 + 1] = address.b;
      addresses[i * 4 + 2] = address.c;
    }
    addresses[i * width + width - 1] = address.d;
    lengths[i] = length;
  });
  return { count: prefixes.length, width, addresses, lengths };
}

/**
 * Returns the prefixes' indexes ordered by address, enclosing prefixes before enclosed ones, equal ones in the given
 * order: a least-significant-digit radix sort over the bytes of length and address.
 */
export function sortedOrder({ count, width, addresses, lengths }: PrefixColumns): Uint32Array {
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  if (count < 2) return order;
  let spare = new Uint32Array(count);
  const keys = new Uint8Array(count);
  for (let digit = -1; digit < width * 4; digit++) {
    for (let i = 0; i < count; i++) {
      const lane = addresses[i * width + width - 1 - (digit >> 2)]!;
      keys[i] = digit < 0 ? lengths[i]! : lane >>> ((digit & 3) * 8);
    }
    if (!scatter(order, spare, keys)) continue;
    [order, spare] = [spare, order];
  }
  return order;
}

/** Writes `order` to `sorted`, stably ordered by key. Returns false, and writes nothing, when all keys are equal. */
function scatter(order: Uint32Array, sorted: Uint32Array, keys: Uint8Array): boolean {
  const next = new Uint32Array(257);
  for (const key of keys) next[key + 1]!++;
  if (next[keys[0]! + 1] === keys.length) return false;
  for (let key = 0; key < 256; key++) next[key + 1]! += next[key]!;
  for (const index of order) sorted[next[keys[index]!]!++] = index;
  return true;
}
