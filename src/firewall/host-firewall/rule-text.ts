import type { Path } from '../../manifest/resource.ts';
import type { Family } from '../../net/address.ts';
import { addressBits } from '../../net/address.ts';
import type { AddressSet } from '../../net/address-set.ts';
import type { PortSet } from '../../net/port-set.ts';
import { formatPrefix, type Prefix } from '../../net/prefix.ts';
import { Protocol } from '../../net/protocol.ts';
import type { End, HostRule, Traffic } from './model.ts';
import type { TableText } from './table-text.ts';

/** Protocols that every nft names alike; the others are written as numbers. */
const names: Readonly<Record<number, string>> = {
  [Protocol.Tcp]: 'tcp',
  [Protocol.Udp]: 'udp',
  [Protocol.Sctp]: 'sctp',
  [Protocol.Icmp]: 'icmp',
  [Protocol.Icmpv6]: 'ipv6-icmp',
};

/** Elements of a set on one line. */
const perLine = 8;

/**
 * Returns the conditions of a rule as nft writes them, each of which is one rule there: its alternatives by end, IP version and
 * protocol. The sets that they ask for are added to `table`. None when the rule is for nobody. `port` says which port those of the
 * rule are.
 */
export function conditionsOf(rule: HostRule, table: TableText, port: 'dport' | 'sport' = 'dport'): string[] {
  const found: string[] = [];
  for (const from of rule.from ?? [undefined]) {
    for (const to of rule.to ?? [undefined]) {
      for (const family of familiesOf(from, to)) {
        const ends = endsText(rule.path, from, to, family, table);
        for (const traffic of rule.traffic ?? [undefined])
          found.push([...ends, ...(traffic === undefined ? [] : [trafficText(traffic, port)])].join(' '));
      }
    }
  }
  return found;
}

/** The IP versions that both ends have addresses of; undefined for both at once, where no end asks for addresses. */
function familiesOf(from: End | undefined, to: End | undefined): (Family | undefined)[] {
  const sets = [from?.addresses, to?.addresses].filter((set) => set !== undefined);
  if (sets.length === 0) return [undefined];
  return ([4, 6] as const).filter((family) => sets.every((set) => prefixesOf(set, family).length > 0));
}

function endsText(
  path: Path,
  from: End | undefined,
  to: End | undefined,
  family: Family | undefined,
  table: TableText,
): string[] {
  const words: string[] = [];
  if (from !== undefined) words.push(...interfacesText('iifname', from, path, table));
  if (to !== undefined) words.push(...interfacesText('oifname', to, path, table));
  if (family === undefined) return words;
  const addresses = [
    ...(from?.addresses === undefined
      ? []
      : addressesText('saddr', from.stem, from.addresses, family, path, table)),
    ...(to?.addresses === undefined
      ? []
      : addressesText('daddr', to.stem, to.addresses, family, path, table)),
  ];
  return [...words, ...(addresses.length > 0 ? addresses : [`meta nfproto ipv${family}`])];
}

function interfacesText(word: string, { stem, interfaces }: End, path: Path, table: TableText): string[] {
  const [first, second] = interfaces;
  if (first === undefined) return [];
  if (second === undefined) return [`${word} "${first}"`];
  const set = `${stem}_if`;
  const elements = [...new Set(interfaces)].sort().map((name) => `"${name}"`);
  // `flags interval` is for names that end in `*`.
  table.object('set', set, ['type ifname', 'flags interval', ...elementLines(elements)], path);
  return [`${word} @${set}`];
}

/** Says nothing where all addresses of the IP version will do. */
function addressesText(
  word: string,
  stem: string,
  addresses: AddressSet,
  family: Family,
  path: Path,
  table: TableText,
): string[] {
  const prefixes = prefixesOf(addresses, family);
  const field = `${family === 4 ? 'ip' : 'ip6'} ${word}`;
  const [first, second] = prefixes;
  if (first === undefined || first.length === 0) return [];
  if (second === undefined) return [`${field} ${prefixText(first)}`];
  const set = `${stem}_ip${family}`;
  const body = [`type ipv${family}_addr`, 'flags interval', ...elementLines(prefixes.map(prefixText))];
  table.object('set', set, body, path);
  return [`${field} @${set}`];
}

/** Ranges that do not overlap, ascending: nft takes no others without `auto-merge`. */
function prefixesOf(addresses: AddressSet, family: Family): Prefix[] {
  return addresses.prefixes().filter(({ address }) => address.family === family);
}

/** Returns a range as nft writes it; a single address without its length. */
export function prefixText(prefix: Prefix): string {
  const text = formatPrefix(prefix);
  return prefix.length === addressBits(prefix.address.family) ? text.slice(0, text.indexOf('/')) : text;
}

function elementLines(elements: readonly string[]): string[] {
  if (elements.length <= perLine) return [`elements = { ${elements.join(', ')} }`];
  const rows: string[] = [];
  for (let at = 0; at < elements.length; at += perLine)
    rows.push(`\t${elements.slice(at, at + perLine).join(', ')}`);
  return ['elements = {', ...rows.map((row, at) => (at < rows.length - 1 ? `${row},` : row)), '}'];
}

/** Returns e.g. `tcp dport { 22, 8000-8090 }` or `meta l4proto esp`. */
function trafficText({ protocol, ports }: Traffic, port: string): string {
  const name = names[protocol] ?? String(protocol);
  return ports === undefined || ports.isAll ? `meta l4proto ${name}` : `${name} ${port} ${portsText(ports)}`;
}

function portsText(ports: PortSet): string {
  const items = ports.toString().split(',');
  return items.length === 1 ? (items[0] as string) : `{ ${items.join(', ')} }`;
}
