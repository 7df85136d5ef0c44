import { type Address, addressBits, parseAddress, unmapAddress } from '../../net/address.ts';
import { type Prefix, prefixOf } from '../../net/prefix.ts';
import type { Trigger } from '../model.ts';
import type { WhichEnd } from '../playbooks.ts';

/** Returns the address of an end of the trigger; an IPv4-mapped IPv6 address is the IPv4 one, as packets have it. Undefined where there is not exactly one. */
export function addressOf(end: WhichEnd, trigger: Trigger): Address | undefined {
  const address = parseAddress(trigger[end] ?? '');
  return address && unmapAddress(address);
}

/** Returns the prefix of an address that is this long; the address alone for undefined. */
export function widened(address: Address, length: number | undefined): Prefix {
  return prefixOf(address, length ?? addressBits(address.family));
}

/** Says why an end cannot be acted on. */
export function noAddress(end: WhichEnd): { readonly impossible: string } {
  return {
    impossible:
      end === 'entity'
        ? 'the alert is not about an address'
        : `the flows of the alert do not have one and the same ${end}`,
  };
}
