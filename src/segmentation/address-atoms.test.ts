import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ipv4, parseAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { type Prefix, parsePrefix, prefixContains } from '../net/prefix.ts';
import { AddressAtoms } from './address-atoms.ts';

const prefix = (text: string): Prefix => parsePrefix(text)!;

test('without prefixes there is one atom per family', () => {
  const atoms = new AddressAtoms([]);
  expect(atoms.atoms).toHaveLength(2);
  expect(atoms.range([0, 1]).toString()).toBe('0.0.0.0/0,::/0');
});

test('pieces in the same prefixes are one atom', () => {
  const atoms = new AddressAtoms([prefix('10.0.0.0/8'), prefix('10.1.0.0/16')]);
  const at = (text: string) => atoms.at(parseAddress(text)!);
  expect(at('10.0.0.1')).toBe(at('10.255.0.1'));
  expect(at('9.0.0.1')).toBe(at('11.0.0.1'));
  expect(new Set(['9.0.0.1', '10.0.0.1', '10.1.0.1', '::1'].map(at)).size).toBe(4);
  expect(atoms.range([at('10.1.0.1')]).toString()).toBe('10.1.0.0/16');
  const inside = atoms.in(AddressSet.ofPrefixes([prefix('10.0.0.0/8')]));
  expect(atoms.range(inside).toString()).toBe('10.0.0.0/8');
});

test('all addresses of an atom lie in the same prefixes, and the atoms are everything', () => {
  const piece = fc.tuple(fc.nat(255), fc.integer({ min: 20, max: 32 })).map(([low, length]): Prefix => {
    return prefix(`192.0.2.${low}/${length}`);
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(0xfff), (prefixes, low) => {
      const atoms = new AddressAtoms(prefixes);
      const address = ipv4(0xc0000000 + low);
      const { sample } = atoms.atoms[atoms.at(address)]!;
      for (const one of prefixes) expect(prefixContains(one, sample)).toBe(prefixContains(one, address));
      expect(atoms.range(atoms.atoms.map(({ index }) => index)).equals(AddressSet.all)).toBe(true);
      expect(atoms.range([atoms.at(address)]).contains(address)).toBe(true);
    }),
  );
});
