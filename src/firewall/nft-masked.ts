import { type Family, parseAddress, sameAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { prefixOf } from '../net/prefix.ts';
import { type NftField, not, opaque, opaqueField } from './nft-field.ts';
import type { NftToken } from './nft-lexer.ts';
import { parseWord } from './nft-numbers.ts';
import type { Match } from './ruleset.ts';

/** Returns the field of those flags alone that stand in `operand`: `tcp flags & (syn | ack)`. */
export function maskedFlagsField(field: NftField, operand: readonly NftToken[], text: string): NftField {
  const list = operand
    .map((token) => token.text)
    .filter((word) => word !== '(' && word !== ')')
    .join('')
    .replaceAll(',', '|');
  const mask = field.read(list);
  if (mask === undefined || field.text !== 'tcp flags') return opaqueField(text, field.implied, false);
  return {
    text,
    implied: field.implied,
    read: field.read,
    oneOf: (values) => ({
      kind: 'any of',
      alternatives: values.map((value) => [field.bits!('==', [value], [mask])!]),
      negated: false,
    }),
    bits: (relation, values) => {
      // Whether any of the flags is up.
      if (relation === '!=' && values.length === 1 && values[0] === 0) return field.bits!('implicit', [mask]);
      return relation === 'implicit' ? undefined : field.bits!(relation, values, [mask]);
    },
  };
}

/** Returns the field of `ip frag-off & 0x1fff`: only whether it is zero is modelled. */
export function fragmentField(text: string, implied: readonly Match[]): NftField {
  const fragment: Match = { kind: 'fragment', negated: false };
  return {
    text,
    implied,
    read: parseWord,
    oneOf: (values) =>
      values.length === 1 && values[0] === 0 ? not(fragment) : opaque(`${text} ${values.join(', ')}`),
    compare: (relation, value) => (relation === '>' && value === 0 ? fragment : undefined),
  };
}

/** Returns the field of the first bits of an address; other masks are not modelled. */
export function maskedAddressField(field: NftField, mask: string, text: string): NftField {
  const family: Family = field.text.startsWith('ip6') ? 6 : 4;
  const length = maskLength(mask, family);
  if (length === undefined) return opaqueField(text, field.implied, false);
  return {
    text,
    implied: field.implied,
    read: (value) => {
      const address = parseAddress(value);
      if (address === undefined || address.family !== family) return undefined;
      const prefix = prefixOf(address, length);
      // Bits that the mask takes away never are there.
      return sameAddress(prefix.address, address) ? prefix : AddressSet.empty;
    },
    oneOf: field.oneOf,
  };
}

function maskLength(text: string, family: Family): number | undefined {
  const mask = parseAddress(text);
  if (mask === undefined || mask.family !== family) return undefined;
  const bits = [mask.a, mask.b, mask.c, mask.d].map((lane) => lane.toString(2).padStart(32, '0'));
  const all = family === 4 ? bits[3]! : bits.join('');
  const length = all.indexOf('0') < 0 ? all.length : all.indexOf('0');
  return all.slice(length).includes('1') ? undefined : length;
}
