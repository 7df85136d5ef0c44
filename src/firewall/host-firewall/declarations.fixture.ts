import fc from 'fast-check';
import { manyOf, portsOf } from '../../manifest/host-firewall/fields.ts';
import type { HostFirewallSpec } from '../../manifest/host-firewall/schema.ts';
import { hostServices } from '../../manifest/host-firewall/services.ts';
import type { SiteHost } from '../../manifest/site.ts';
import { type Address, parseAddress } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import { hostPrefix, parsePrefix, prefixContains } from '../../net/prefix.ts';
import { protocolNumber } from '../../net/protocol.ts';
import type { Packet } from '../packet.ts';

const span = {
  file: 'picket.yaml',
  start: { line: 1, column: 1, offset: 0 },
  end: { line: 1, column: 1, offset: 0 },
};

/** Hosts of a site file. */
export const siteHosts: readonly SiteHost[] = Object.entries({
  office: ['198.51.100.0/28', '2001:db8:1::/64'],
  api: ['203.0.113.10/32'],
}).map(([name, prefixes]) => ({ name, prefixes: prefixes.map((text) => parsePrefix(text)!), span }));

type Written = NonNullable<NonNullable<HostFirewallSpec['forward']>['allow']>[number];

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const some = <T>(...values: T[]) =>
  fc.oneof(
    fc.constantFrom(...values),
    fc.subarray(values, { minLength: 1, maxLength: Math.min(3, values.length) }),
  );
const addresses = [
  '198.51.100.9',
  '198.51.100.128/25',
  '2001:db8::/32',
  '0.0.0.0/0',
  '::/0',
  'office',
  'api',
];
const from = some(...addresses, 'lan', 'wild', 'vpn', 'far');
const traffic = fc.oneof(
  fc.record({ service: some('ssh', 'https', 'dns', 'ipsec', 'node-ports') }),
  fc.record({ ports: some<number | string>(22, 80, '7000-7002', 7001) }),
  fc.record({ protocol: some<string | number>('tcp', 'udp', 'icmp', 58, 'esp', 47) }),
  fc.record({ protocol: some('tcp', 'udp'), ports: some<number | string>(53, '7001-7003') }),
  fc.constant({}),
);
const rule = (ends: fc.Arbitrary<object>) =>
  fc
    .tuple(traffic, ends)
    .map(([one, other]): Written => ({ ...one, ...other }))
    .filter((one) => Object.values(one).some((value) => value !== undefined));
const inbound = rule(fc.record({ from: optional(from), to: optional(some(...addresses, 'far')) }));
const through = rule(fc.record({ from: optional(from), to: optional(from) }));
const leaving = rule(fc.record({ to: optional(from) }));
const rules = (one: fc.Arbitrary<Written>) => optional(fc.array(one, { maxLength: 3 }));
const policy = optional(fc.constantFrom('drop' as const, 'accept' as const));
const limited = fc
  .tuple(inbound, optional(fc.constantFrom('100000/second per source', '100000/second burst 50000')))
  .map(([one, limit]) => ({ ...one, limit }));

/** Declarations that fit their schema, whose limits no test exceeds. */
export const declarations: fc.Arbitrary<HostFirewallSpec> = fc.record({
  zones: fc.constant({
    lan: { interfaces: ['eth0', 'vlan*'] },
    wild: { interfaces: ['eth*'] },
    vpn: { interfaces: ['wg0'], sources: ['198.51.100.0/24', '10.8.0.0/24'] },
    far: { sources: ['203.0.113.0/24', '203.0.113.128/25', '2001:db8:2::7'] },
  }),
  admin: optional(
    fc.array(
      fc.oneof(
        fc.record({ service: fc.constantFrom('ssh', 'kubernetes-api'), from: optional(from) }),
        fc.record({ service: fc.constantFrom('ssh', 'kubernetes-api'), to: from }),
      ),
      { maxLength: 2 },
    ),
  ),
  deny: rules(inbound),
  allow: optional(fc.array(limited, { maxLength: 4 })),
  policy,
  icmp: optional(fc.record({ echo: fc.constantFrom(true, false, '100000/second', undefined) })),
  dhcp: optional(fc.boolean()),
  block: optional(fc.constant({ attackers: {}, 'scanners-2': { timeout: '10m', size: 100 } })),
  connectionLimit: optional(fc.constant({ perSource: 50_000 })),
  log: optional(fc.constant({})),
  forward: optional(fc.record({ policy, deny: rules(through), allow: rules(through) })),
  outbound: optional(fc.record({ policy, deny: rules(leaving), allow: rules(leaving) })),
});

/** Packets of all directions, with everything known of them. */
export const packets: fc.Arbitrary<Packet> = fc
  .record({
    family: fc.constantFrom(4 as const, 6 as const),
    chain: fc.constantFrom('INPUT' as const, 'FORWARD' as const, 'OUTPUT' as const),
    protocol: fc.constantFrom(6, 17, 1, 58, 47, 50),
    ends: fc.tuple(fc.nat(4), fc.nat(4)),
    port: fc.constantFrom(22, 53, 68, 80, 443, 546, 6443, 7000, 7003, 30_000),
    sourcePort: fc.constantFrom(67, 547, 40_000, 68, 546),
    interfaces: fc.tuple(...[0, 1].map(() => fc.constantFrom('lo', 'eth0', 'eth1', 'vlan7', 'wg0'))),
    state: fc.constantFrom('NEW' as const, 'NEW' as const, 'ESTABLISHED' as const, 'INVALID' as const),
    icmpType: fc.constantFrom(3, 8, 11, 128, 2, 135, 143, 13),
  })
  .map(({ ends, interfaces, ...packet }) => {
    // ICMP of the other version is none.
    const own = packet.family === 4 ? 1 : 58;
    const protocol = packet.protocol === 1 || packet.protocol === 58 ? own : packet.protocol;
    const pool = packet.family === 4 ? pool4 : pool6;
    const isIcmp = protocol === own;
    const { port, sourcePort, icmpType, ...rest } = packet;
    return {
      ...rest,
      protocol,
      source: pool[ends[0]]!,
      destination: pool[ends[1]]!,
      ...(isIcmp ? { icmpType, icmpCode: 0 } : { port, sourcePort }),
      ...(packet.chain !== 'OUTPUT' && { inInterface: interfaces[0]! }),
      ...(packet.chain !== 'INPUT' && { outInterface: interfaces[1]! }),
      local: packet.chain === 'OUTPUT' || interfaces[0] === 'lo',
    };
  });
const pool4 = ['198.51.100.9', '198.51.100.200', '203.0.113.10', '203.0.113.130', '10.8.0.3'].map(addressOf);
const pool6 = ['2001:db8:1::5', '2001:db8:2::7', 'fe80::1', '2001:db8::9', '2001:dead::1'].map(addressOf);

function addressOf(text: string): Address {
  return parseAddress(text)!;
}

/** What a declaration means for a packet that is within all limits and in no block set, written from its description. */
export function meant(spec: HostFirewallSpec, packet: Packet): 'allow' | 'deny' {
  const { chain, family, protocol, port, sourcePort, state, icmpType } = packet;
  const isEnd = (name: string, address: Address, device: string | undefined): boolean => {
    const zone = spec.zones?.[name];
    const within = (texts: readonly string[]) =>
      texts.some((text) => prefixContains(parsePrefix(text) ?? hostPrefix(addressOf(text)), address));
    if (zone === undefined) {
      const host = siteHosts.find((one) => one.name === name);
      return host ? host.prefixes.some((prefix) => prefixContains(prefix, address)) : within([name]);
    }
    const fits = (one: string) => (one.endsWith('*') ? device?.startsWith(one.slice(0, -1)) : one === device);
    return (!zone.interfaces || zone.interfaces.some(fits)) && (!zone.sources || within(zone.sources));
  };
  const isMeant = ({ service, protocol: protocols, ports }: Written): boolean => {
    const wanted = manyOf(service).flatMap((name) => hostServices[name]!.traffic);
    if (wanted.length > 0)
      return wanted.some(
        (one) =>
          protocolNumber(one.protocol) === protocol &&
          (!one.ports || PortSet.parse(one.ports)!.contains(port ?? 0)),
      );
    const named = manyOf(protocols).map((one) => protocolNumber(String(one)));
    if (ports) {
      const isPort = manyOf(ports).some((one) => portsOf(one)!.contains(port ?? 0));
      return isPort && (named.length > 0 ? named : [6]).includes(protocol);
    }
    return named.length === 0 || named.includes(protocol);
  };
  const fits = (one: Written) =>
    isMeant(one) &&
    (!one.from || manyOf(one.from).some((name) => isEnd(name, packet.source!, packet.inInterface))) &&
    (!one.to || manyOf(one.to).some((name) => isEnd(name, packet.destination!, packet.outInterface)));
  const any = (list: readonly Written[] | null | undefined) => (list ?? []).some(fits);
  const device = chain === 'OUTPUT' ? packet.outInterface : packet.inInterface;
  const rules = { INPUT: spec, FORWARD: spec.forward, OUTPUT: spec.outbound }[chain];
  if (!rules) return 'allow';
  if (chain !== 'FORWARD' && device === 'lo') return 'allow';
  const isPath = (one: Written) => Boolean(one.to) === (chain === 'OUTPUT');
  if (chain !== 'FORWARD' && any(spec.admin?.filter(isPath))) return 'allow';
  if (state === 'ESTABLISHED') return 'allow';
  const always =
    protocol === 1
      ? [3, 11, 12]
      : chain === 'FORWARD'
        ? [1, 2, 3, 4]
        : [1, 2, 3, 4, 130, 131, 132, 133, 134, 135, 136, 143];
  if ((protocol === 1 || protocol === 58) && always.includes(icmpType!)) return 'allow';
  if (chain === 'INPUT' && state === 'INVALID') return 'deny';
  const [server, client] = family === 4 ? [67, 68] : [547, 546];
  const [theirs, ours] = chain === 'INPUT' ? [sourcePort, port] : [port, sourcePort];
  const isServer =
    chain !== 'INPUT' || family === 4 || prefixContains(parsePrefix('fe80::/10')!, packet.source!);
  if (
    chain !== 'FORWARD' &&
    spec.dhcp !== false &&
    protocol === 17 &&
    theirs === server &&
    ours === client &&
    isServer
  )
    return 'allow';
  if (any(rules.deny)) return 'deny';
  const isEcho = (protocol === 1 && icmpType === 8) || (protocol === 58 && icmpType === 128);
  if (chain === 'INPUT' && isEcho && spec.icmp?.echo !== false) return 'allow';
  return any(rules.allow) || rules.policy === 'accept' ? 'allow' : 'deny';
}
