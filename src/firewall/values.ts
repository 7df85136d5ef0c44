import { compareAddresses, type Family, ipv4, parseAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { PortSet } from '../net/port-set.ts';
import { parsePrefix, prefixOf } from '../net/prefix.ts';
import type { IcmpType } from './ruleset.ts';

/** Names of /etc/services that people write in rules; the IANA registry of service names and ports. */
const services: Readonly<Record<string, number>> = {
  'ftp-data': 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  http: 80,
  kerberos: 88,
  pop3: 110,
  sunrpc: 111,
  ntp: 123,
  'netbios-ns': 137,
  'netbios-dgm': 138,
  'netbios-ssn': 139,
  imap2: 143,
  imap: 143,
  snmp: 161,
  'snmp-trap': 162,
  bgp: 179,
  ldap: 389,
  https: 443,
  'microsoft-ds': 445,
  isakmp: 500,
  syslog: 514,
  submission: 587,
  ldaps: 636,
  imaps: 993,
  pop3s: 995,
  openvpn: 1194,
  nfs: 2049,
  mysql: 3306,
  'ms-wbt-server': 3389,
  sip: 5060,
  mdns: 5353,
  postgresql: 5432,
  amqp: 5672,
  redis: 6379,
  'http-alt': 8080,
};

/** Returns the port that a decimal number or a well-known service name stands for, or undefined. */
export function parsePort(text: string): number | undefined {
  if (/^\d{1,5}$/.test(text)) return Number(text) <= 65535 ? Number(text) : undefined;
  return Object.hasOwn(services, text) ? services[text] : undefined;
}

/** Returns the ports of `22`, `ssh`, or a range with `separator`, whose ends may be left out; undefined for other text. */
export function parsePortRange(text: string, separator: ':' | '-'): PortSet | undefined {
  const at = text.indexOf(separator, separator === '-' && Object.hasOwn(services, text) ? text.length : 0);
  if (at < 0) {
    const port = parsePort(text);
    return port === undefined ? undefined : PortSet.of(port);
  }
  const [low, high] = [text.slice(0, at), text.slice(at + 1)];
  const [from, to] = [low === '' ? 0 : parsePort(low), high === '' ? 65535 : parsePort(high)];
  return from === undefined || to === undefined || from > to ? undefined : PortSet.range(from, to);
}

/**
 * Returns the addresses of `192.0.2.7`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0` or `10/8`, as iptables reads them;
 * undefined for host names, masks with holes, and other text.
 */
export function parseNetwork(text: string, family: Family): AddressSet | undefined {
  const [base = '', length, ...more] = text.split('/');
  const padded = family === 4 && /^\d{1,3}(\.\d{1,3}){0,2}$/.test(base) ? padQuad(base) : base;
  const address = parseAddress(padded);
  if (address === undefined || address.family !== family || more.length > 0) return undefined;
  if (length === undefined) return AddressSet.of(address);
  const bits = maskLength(length, family);
  if (bits !== undefined) return AddressSet.ofPrefixes([prefixOf(address, bits)]);
  const prefix = parsePrefix(`${padded}/${length}`);
  return prefix === undefined ? undefined : AddressSet.ofPrefixes([prefix]);
}

/** Returns the addresses of a range `192.0.2.1-192.0.2.9`, or of one address; undefined for other text. */
export function parseAddressRange(text: string): AddressSet | undefined {
  const [low = '', high = low, ...more] = text.split('-');
  const [from, to] = [parseAddress(low), parseAddress(high)];
  if (from === undefined || to === undefined || more.length > 0) return undefined;
  return from.family === to.family && compareAddresses(from, to) <= 0
    ? AddressSet.ofRange(from, to)
    : undefined;
}

/** Names of ICMP types (iptables -p icmp -h), and of their groups. */
const icmpNames: Readonly<Record<4 | 6, Readonly<Record<string, IcmpType>>>> = {
  4: {
    any: {},
    'echo-reply': { type: 0 },
    pong: { type: 0 },
    'destination-unreachable': { type: 3 },
    'network-unreachable': { type: 3, code: 0 },
    'host-unreachable': { type: 3, code: 1 },
    'protocol-unreachable': { type: 3, code: 2 },
    'port-unreachable': { type: 3, code: 3 },
    'fragmentation-needed': { type: 3, code: 4 },
    'source-quench': { type: 4 },
    redirect: { type: 5 },
    'echo-request': { type: 8 },
    ping: { type: 8 },
    'router-advertisement': { type: 9 },
    'router-solicitation': { type: 10 },
    'time-exceeded': { type: 11 },
    'ttl-exceeded': { type: 11 },
    'ttl-zero-during-transit': { type: 11, code: 0 },
    'ttl-zero-during-reassembly': { type: 11, code: 1 },
    'parameter-problem': { type: 12 },
    'timestamp-request': { type: 13 },
    'timestamp-reply': { type: 14 },
    'info-request': { type: 15 },
    'info-reply': { type: 16 },
    'address-mask-request': { type: 17 },
    'address-mask-reply': { type: 18 },
  },
  6: {
    'destination-unreachable': { type: 1 },
    'no-route': { type: 1, code: 0 },
    'communication-prohibited': { type: 1, code: 1 },
    'address-unreachable': { type: 1, code: 3 },
    'port-unreachable': { type: 1, code: 4 },
    'packet-too-big': { type: 2 },
    'time-exceeded': { type: 3 },
    'ttl-exceeded': { type: 3 },
    'parameter-problem': { type: 4 },
    'echo-request': { type: 128 },
    ping: { type: 128 },
    'echo-reply': { type: 129 },
    pong: { type: 129 },
    'mld-listener-query': { type: 130 },
    'mld-listener-report': { type: 131 },
    'mld-listener-done': { type: 132 },
    'mld2-listener-report': { type: 143 },
    'router-solicitation': { type: 133 },
    'nd-router-solicit': { type: 133 },
    'router-advertisement': { type: 134 },
    'nd-router-advert': { type: 134 },
    'neighbour-solicitation': { type: 135 },
    'neighbor-solicitation': { type: 135 },
    'nd-neighbor-solicit': { type: 135 },
    'neighbour-advertisement': { type: 136 },
    'neighbor-advertisement': { type: 136 },
    'nd-neighbor-advert': { type: 136 },
    redirect: { type: 137 },
    'nd-redirect': { type: 137 },
  },
};

/** Returns the ICMP type and code of `echo-request`, `8` or `3/4`; undefined for other text. 255 is any (RFC 792 has none). */
export function parseIcmpType(text: string, family: Family): IcmpType | undefined {
  const names = icmpNames[family];
  if (Object.hasOwn(names, text)) return names[text];
  const [, type, code] = /^(\d{1,3})(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (type === undefined || Number(type) > 255 || Number(code ?? 0) > 255) return undefined;
  if (family === 4 && type === '255' && code === undefined) return {};
  return { type: Number(type), ...(code !== undefined && { code: Number(code) }) };
}

/** Returns the name of an ICMP type, with its code where one is said; `type/code` as numbers where it has none, empty for any. */
export function icmpName({ type, code }: IcmpType, family: Family): string {
  if (type === undefined) return '';
  const named = Object.entries(icmpNames[family]).find(([, one]) => one.type === type && one.code === code);
  return named?.[0] ?? (code === undefined ? `${type}` : `${type}/${code}`);
}

/** Pads the leading octets of a network with zeros, as iptables does. */
function padQuad(text: string): string {
  return [...text.split('.'), '0', '0', '0'].slice(0, 4).join('.');
}

/** Returns the length of a dotted mask without holes, or undefined. */
function maskLength(text: string, family: Family): number | undefined {
  const mask = parseAddress(text);
  if (mask === undefined || mask.family !== family || family !== 4) return undefined;
  const length = Math.clz32(~mask.d);
  return prefixOf(ipv4(-1), length).address.d === mask.d ? length : undefined;
}
