import type { Family } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import type { Prefix } from '../net/prefix.ts';
import { protocolNumber } from '../net/protocol.ts';
import { type AddressValue, addressSetOf, parseAddressValue } from './address-values.ts';
import type { Ipset, IpsetEntry, Ipsets } from './ipset.ts';
import type { SetReference } from './iptables-rule.ts';
import { type FieldValue, type NftField, not, opaque } from './nft-field.ts';
import { fieldOf } from './nft-fields.ts';
import { type Alternative, anyOf, groupRows, type Row } from './nft-membership.ts';
import type { Match } from './ruleset.ts';

/** One part of an element, as it was read. */
interface Part {
  /** Tells fields apart that are not the same: one for each kind of part. */
  readonly kind: string;
  readonly fields: readonly NftField[];
  readonly texts: readonly string[];
  readonly values: readonly FieldValue[];
}

/**
 * Returns the conditions that `-m set --match-set` stands for (ipset(8), xt_set): of networks that overlap the narrowest
 * decides. A set that the texts do not have stays opaque by its name. `isChanged`: rules add to it or take from it. O(n log n).
 */
export function matchOfSet(
  reference: SetReference,
  sets: Ipsets,
  family: Family,
  isChanged: boolean,
): readonly Match[] {
  const set = sets.get(reference.name);
  if (set === undefined || set.changes) return [reference.match];
  const ways = [...waysInto(set, reference.directions, sets, family)];
  if (isChanged) ways.push([opaque(`the set ${reference.name}, which rules change`, true)]);
  if (!reference.negated && ways.length === 1) return ways[0]!;
  const match = anyOf(ways);
  return [reference.negated ? not(match) : match];
}

function waysInto(
  set: Ipset,
  directions: readonly string[],
  sets: Ipsets,
  family: Family,
): readonly Alternative[] {
  if (set.type === 'list:set') {
    return [...set.entries.keys()].flatMap((name) => {
      const member = sets.get(name);
      if (member === undefined || member.type === 'list:set' || member.changes)
        return [[opaque(`the set ${name} has it`)]];
      return waysInto(member, directions, sets, family);
    });
  }
  const [, kinds = ''] = set.type.split(':');
  const parts = kinds.split(',');
  // Packets of the other version are in no set of addresses.
  if (/\b(?:ip|net)\b/.test(kinds) && set.family !== family) return [];
  if (directions.length < parts.length) return [[opaque(`a set of ${set.type}`)]];
  if (!isClear(set, parts)) return [[opaque('a set with exceptions that are not followed')]];
  return readEntries(set, parts, directions);
}

function readEntries(set: Ipset, kinds: readonly string[], directions: readonly string[]): Alternative[] {
  const groups = new Map<string, { fields: NftField[]; lasting: Row[]; passing: Row[] }>();
  const ways: Alternative[] = [];
  const may = opaque(`an element of a set is there still`, true);
  for (const entry of settle(set)) {
    const parts = partsOf(entry, set, kinds, directions);
    if (parts === undefined) {
      ways.push([opaque(`an element ${entry.text} of a set`)]);
      continue;
    }
    const key = parts.map(({ kind }) => kind).join(' ');
    const group = groups.get(key) ?? {
      fields: parts.flatMap(({ fields }) => fields),
      lasting: [],
      passing: [],
    };
    groups.set(key, group);
    const row: Row = {
      texts: parts.flatMap(({ texts }) => texts),
      values: parts.flatMap(({ values }) => values.map((value) => [value])),
    };
    (entry.passes ? group.passing : group.lasting).push(row);
  }
  for (const { fields, lasting, passing } of groups.values()) {
    ways.push(...groupRows(fields, lasting));
    ways.push(...groupRows(fields, passing).map((way) => [...way, may]));
  }
  return ways;
}

/** An element whose network is given as addresses, after those that are no match were taken out. */
interface Settled extends IpsetEntry {
  readonly addresses?: AddressValue;
}

/** Exceptions are followed where one network is part of the key, and nothing goes away with time. */
function isClear({ entries }: Ipset, kinds: readonly string[]): boolean {
  const all = [...entries.values()];
  if (!all.some(({ nomatch }) => nomatch)) return true;
  return kinds[0] === 'net' && !kinds.slice(1).includes('net') && !all.some(({ passes }) => passes);
}

/** Returns the elements; where some are no match, networks with the same rest of a key are put together to one. */
function settle(set: Ipset): Settled[] {
  const entries = [...set.entries.values()];
  if (!entries.some(({ nomatch }) => nomatch)) return entries;
  const groups = new Map<string, { prefix: Prefix; nomatch: boolean }[]>();
  for (const { text, nomatch } of entries) {
    const [network = '', ...others] = text.split(',');
    const value = parseAddressValue(network, set.family);
    const prefixes = value instanceof AddressSet ? value.prefixes() : value === undefined ? [] : [value];
    const list = groups.get(others.join(',')) ?? [];
    groups.set(others.join(','), list);
    for (const prefix of prefixes) list.push({ prefix, nomatch });
  }
  return [...groups].map(([others, list]) => ({
    text: ['', ...(others === '' ? [] : [others])].join(','),
    nomatch: false,
    passes: false,
    addresses: narrowestFirst(list),
  }));
}

/** Wide networks first; each narrower one adds its addresses or takes them away. */
function narrowestFirst(list: readonly { readonly prefix: Prefix; readonly nomatch: boolean }[]): AddressSet {
  let found = AddressSet.empty;
  const byLength = Map.groupBy(list, ({ prefix }) => prefix.length);
  for (const [, same] of [...byLength].sort(([a], [b]) => a - b)) {
    const of = (nomatch: boolean) =>
      addressSetOf(same.filter((one) => one.nomatch === nomatch).map(({ prefix }) => prefix));
    found = found.union(of(false)).subtract(of(true));
  }
  return found;
}

function partsOf(
  entry: Settled,
  set: Ipset,
  kinds: readonly string[],
  directions: readonly string[],
): Part[] | undefined {
  const texts = entry.text.split(',');
  const parts: Part[] = [];
  for (const [i, kind] of kinds.entries()) {
    const part = partOf(kind, texts[i], directions[i] === 'src', set, i === 0 ? entry.addresses : undefined);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return texts.length === kinds.length ? parts : undefined;
}

function partOf(
  kind: string,
  text: string | undefined,
  isSource: boolean,
  set: Ipset,
  addresses: AddressValue | undefined,
): Part | undefined {
  if (text === undefined) return undefined;
  switch (kind) {
    case 'ip':
    case 'net': {
      const masked = set.netmask !== undefined && !text.includes('/') ? `${text}/${set.netmask}` : text;
      const field = fieldOf([set.family === 4 ? 'ip' : 'ip6', isSource ? 'saddr' : 'daddr']);
      const value = addresses ?? field.read(masked);
      return value === undefined ? undefined : { kind, fields: [field], texts: [text], values: [value] };
    }
    case 'port':
      return portPart(text, isSource, set);
    case 'iface':
      return single(kind, fieldOf(['meta', isSource ? 'iifname' : 'oifname']), text, !text.includes(':'));
    case 'mac':
      return single(kind, fieldOf(['ether', 'saddr']), text, isSource);
    case 'mark':
      return single(kind, fieldOf(['meta', 'mark']), text, !text.includes('/'));
    default:
      return undefined;
  }
}

function single(kind: string, field: NftField, text: string, isKnown: boolean): Part | undefined {
  const value = isKnown ? field.read(text) : undefined;
  return value === undefined ? undefined : { kind, fields: [field], texts: [text], values: [value] };
}

/** `80`, `udp:53-60`, `icmp:8/0`, `vrrp:0`; of `bitmap:port` the ports of TCP and UDP. */
function portPart(text: string, isSource: boolean, set: Ipset): Part | undefined {
  const port = fieldOf(['th', isSource ? 'sport' : 'dport']);
  const protocol = fieldOf(['meta', 'l4proto']);
  const [name = '', value] = text.includes(':') ? text.split(':') : ['tcp', text];
  const number = protocolNumber(name === 'icmpv6' ? 'ipv6-icmp' : name);
  if (value === undefined || number === undefined) return undefined;
  const one = protocol.read(String(number));
  if (number === 1 || number === 58) return icmpPart(value, number);
  if (![6, 17, 132, 136].includes(number))
    return value === '0' ? { kind: 'protocol', fields: [protocol], texts: [name], values: [one] } : undefined;
  const range = port.read(value);
  if (range === undefined) return undefined;
  if (set.type !== 'bitmap:port')
    return { kind: 'port', fields: [protocol, port], texts: [name, value], values: [one, range] };
  const both: NftField = {
    ...protocol,
    oneOf: () => protocol.oneOf([6, 17].map((n) => protocol.read(`${n}`))),
  };
  return { kind: 'port', fields: [both, port], texts: ['', value], values: [one, range] };
}

function icmpPart(text: string, protocol: 1 | 58): Part | undefined {
  const head = protocol === 1 ? 'icmp' : 'icmpv6';
  const [type = '', code] = text.split('/');
  const typed = fieldOf([head, 'type']);
  const coded = fieldOf([head, 'code']);
  const values = [typed.read(type), coded.read(code ?? '0')];
  if (values.includes(undefined) || (code === undefined && /^\d/.test(type))) return undefined;
  return { kind: head, fields: [typed, coded], texts: [type, code ?? '0'], values };
}
