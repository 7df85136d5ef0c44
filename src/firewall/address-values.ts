import { type Address, type Family, parseAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { hostPrefix, type Prefix } from '../net/prefix.ts';
import { parseAddressRange, parseNetwork } from './values.ts';

/** Addresses as elements of sets write them: many of them are made one set at once. */
export type AddressValue = Prefix | AddressSet;

/** Returns the addresses of `192.0.2.1`, `192.0.2.0/24` or `192.0.2.1-192.0.2.9`; undefined for other text. */
export function parseAddressValue(text: string, family: Family): AddressValue | undefined {
  const single = parseAddress(text);
  if (single !== undefined) return single.family === family ? hostPrefix(single) : undefined;
  if (!text.includes('-')) return parseNetwork(text, family);
  const range = parseAddressRange(text);
  return range?.first()?.family === family ? range : undefined;
}

/** Returns all the addresses as one set. O(n log n). */
export function addressSetOf(values: readonly AddressValue[]): AddressSet {
  const prefixes: Prefix[] = [];
  let sets: AddressSet[] = [];
  for (const value of values) {
    if (value instanceof AddressSet) sets.push(value);
    else prefixes.push(value);
  }
  if (prefixes.length > 0 || sets.length === 0) sets.push(AddressSet.ofPrefixes(prefixes));
  // In pairs, so that each address is handled in the order of log n times.
  while (sets.length > 1) {
    const halves: AddressSet[] = [];
    for (let i = 0; i < sets.length; i += 2) {
      const [one, other] = [sets[i]!, sets[i + 1]];
      halves.push(other === undefined ? one : one.union(other));
    }
    sets = halves;
  }
  return sets[0]!;
}

/** Returns the lowest address of the value. */
export function firstAddress(value: AddressValue): Address {
  return value instanceof AddressSet ? value.first()! : value.address;
}
