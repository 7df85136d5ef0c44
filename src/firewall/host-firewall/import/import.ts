import type { HostFirewallSpec } from '../../../manifest/host-firewall/schema.ts';
import { hostServices } from '../../../manifest/host-firewall/services.ts';
import { type Family, parseAddress } from '../../../net/address.ts';
import { AddressSet } from '../../../net/address-set.ts';
import { Protocol, protocolName, protocolNumber } from '../../../net/protocol.ts';
import { ProtocolSet } from '../../../net/protocol-set.ts';
import type { Packet } from '../../packet.ts';
import type { Rule, Ruleset } from '../../ruleset.ts';
import { judgePacket } from '../../simulate.ts';
import { prefixText } from '../rule-text.ts';
import { type Box, isUnconditional, trafficOf, wholeVersion } from './box.ts';
import { type BoxedRule, type Direction, readDirection } from './direction.ts';
import type { LeftRule } from './flat-rules.ts';

type WrittenRule = NonNullable<NonNullable<HostFirewallSpec['forward']>['allow']>[number];
type Zones = NonNullable<HostFirewallSpec['zones']>;

/** A rule of the declaration, and the rules that it stands for. */
export interface ImportedRule {
  readonly written: WrittenRule;
  readonly stands: readonly Rule[];
}

/** Rules of one direction. */
export interface ImportedRules {
  readonly policy: 'accept' | 'drop';
  readonly deny: readonly ImportedRule[];
  readonly allow: readonly ImportedRule[];
}

/** A packet filter as a HostFirewall says it. */
export interface Imported {
  readonly zones: Zones;
  readonly inbound: ImportedRules;
  readonly forward: ImportedRules | undefined;
  readonly outbound: ImportedRules | undefined;
  readonly echo: boolean;
  readonly dhcp: boolean;
  readonly logs: boolean;
  /** Rules that it does not say. */
  readonly left: readonly LeftRule[];
  /** IP versions that were not filtered, inbound, and are by the declaration: all, or what it denies. */
  readonly closes: readonly Family[];
}

/**
 * Returns what a HostFirewall can say of a ruleset. Rules of one IP version alone that name no address are for both, where nothing
 * filtered the other.
 */
export function importRuleset(ruleset: Ruleset): Imported {
  const zones = new ZoneNames();
  const read = (chain: Packet['chain']) =>
    ([4, 6] as const).flatMap((family) => {
      const direction = readDirection(ruleset, family, chain);
      return direction === undefined ? [] : [{ family, direction }];
    });
  const [input, forward, output] = [read('INPUT'), read('FORWARD'), read('OUTPUT')];
  const directions = [input, forward, output].flat().map(({ direction }) => direction);
  const isOpen = (one: typeof input) =>
    one.every(({ direction }) => direction.policy === 'accept' && direction.deny.length === 0);
  const echo = echoOf(input);
  const left = new Map(
    [...directions.flatMap((one) => one.left), ...translations(ruleset), ...echo.left].map((each) => [
      each.rule,
      each,
    ]),
  );
  const inbound = join(input, 'source', zones);
  return {
    inbound,
    forward: isOpen(forward) ? undefined : join(forward, 'source', zones),
    outbound: isOpen(output) ? undefined : join(output, 'destination', zones),
    zones: zones.all,
    echo: echo.answered,
    dhcp: acceptsDhcp(ruleset),
    logs: input.some(({ direction }) => direction.logs),
    left: [...left.values()].sort((a, b) => a.rule.at.start - b.rule.at.start),
    closes: inbound.policy === 'accept' && inbound.deny.length === 0 ? [] : missing(input),
  };
}

/** Rules of chains that translate: a HostFirewall leaves them to others. */
function translations({ tables }: Ruleset): LeftRule[] {
  return tables
    .flatMap(({ chains }) => [...chains.values()])
    .filter(({ base }) => base?.nat)
    .flatMap(({ rules }) => rules.map((rule) => ({ rule, why: 'it translates addresses' })));
}

/** Whether echo requests are answered: over both IP versions, or over none. What a policy accepts needs no such rule. */
function echoOf(input: readonly OfFamily[]): {
  readonly answered: boolean;
  readonly left: readonly LeftRule[];
} {
  const closed = input.filter(({ direction }) => direction.policy === 'drop');
  const rules = closed.flatMap(({ direction }) => direction.echo ?? []);
  const isAnswered = ({ family, direction }: OfFamily) =>
    direction.echo !== undefined || direction.allow.some(({ box }) => acceptsIcmp(box, family));
  if (closed.every(isAnswered)) return { answered: rules.length > 0, left: [] };
  const why = 'echo requests are answered over both IP versions, or over none';
  return { answered: false, left: rules.map((rule) => ({ rule, why })) };
}

/** Whether all ICMP of the version is in it, from anywhere. */
function acceptsIcmp(box: Box, family: Family): boolean {
  const ofAll = { ...box, protocols: ProtocolSet.all };
  return isUnconditional(ofAll) && box.protocols.contains(family === 4 ? Protocol.Icmp : Protocol.Icmpv6);
}

interface OfFamily {
  readonly family: Family;
  readonly direction: Direction;
}

function missing(of: readonly OfFamily[]): Family[] {
  return ([4, 6] as const).filter((family) => of.every((one) => one.family !== family));
}

/** Joins what is said of each IP version; rules that differ in one end alone are one. */
function join(of: readonly OfFamily[], differing: Differing, zones: ZoneNames): ImportedRules {
  const isSingle = of.length < 2;
  const list = (pick: (direction: Direction) => readonly BoxedRule[]): ImportedRule[] => {
    const boxed = of.flatMap(({ direction }) => pick(direction));
    const byRest = Map.groupBy(boxed, ({ box }) => restOf(box, differing));
    return [...byRest.values()].map((rules) => joined(rules, isSingle, differing, zones));
  };
  const policy = of.some(({ direction }) => direction.policy === 'drop') ? 'drop' : 'accept';
  const open = of.filter(({ direction }) => direction.policy !== policy);
  const rest = open.map(({ family }): ImportedRule => {
    const whole = family === 4 ? '0.0.0.0/0' : '::/0';
    return { written: differing === 'source' ? { from: whole } : { to: whole }, stands: [] };
  });
  return { policy, deny: list(({ deny }) => deny), allow: [...list(({ allow }) => allow), ...rest] };
}

/** The end that rules of one meaning may differ in. */
type Differing = 'source' | 'destination';

/** Returns a text that is equal for boxes that differ in one end alone, and in its IP version. */
function restOf(box: Box, differing: Differing): string {
  const traffic = trafficOf(box);
  const other = box[differing === 'source' ? 'destination' : 'source'];
  const end = other.equals(wholeVersion(box.family)) ? '' : String(other);
  return JSON.stringify([traffic?.numbers, String(traffic?.ports), box.incoming, box.outgoing, end]);
}

function joined(
  rules: readonly BoxedRule[],
  isSingle: boolean,
  differing: Differing,
  zones: ZoneNames,
): ImportedRule {
  const { box: first } = rules[0]!;
  const isWhole = (family: Family) =>
    rules.some(({ box }) => box.family === family && box[differing].equals(wholeVersion(family)));
  // ICMP of a version is of no other.
  const isIcmp = trafficOf(first)?.numbers.every((one) => one === (first.family === 4 ? 1 : 58)) ?? false;
  const isAny = isSingle || isIcmp ? isWhole(first.family) : isWhole(4) && isWhole(6);
  const addresses = isAny
    ? undefined
    : rules.reduce((all, { box }) => all.union(box[differing]), AddressSet.empty);
  const other = first[differing === 'source' ? 'destination' : 'source'];
  const rest = other.equals(wholeVersion(first.family)) ? undefined : other;
  const [source, destination] = differing === 'source' ? [addresses, rest] : [rest, addresses];
  const from = end(first.incoming, source, zones);
  const to = end(first.outgoing, destination, zones);
  const written = { ...writtenTraffic(first), ...(from && { from }), ...(to && { to }) };
  return { written, stands: [...new Set(rules.map(({ rule }) => rule))] };
}

function end(
  interfaces: readonly string[] | undefined,
  addresses: AddressSet | undefined,
  zones: ZoneNames,
): string | string[] | undefined {
  const texts = addresses?.prefixes().map(prefixText);
  if (interfaces !== undefined) return zones.name(interfaces, texts);
  return texts?.length === 1 ? texts[0] : texts;
}

/** Names services where they say exactly what is meant. */
function writtenTraffic(box: Box): Pick<WrittenRule, 'service' | 'protocol' | 'ports'> {
  const traffic = trafficOf(box);
  if (traffic === undefined) return {};
  const { numbers, ports } = traffic;
  const protocols = numbers.map(protocolName);
  const service = Object.entries(hostServices).find(([, { traffic: named }]) => {
    const sameProtocols =
      named.length === numbers.length &&
      named.every((one) => numbers.includes(protocolNumber(one.protocol)!));
    return sameProtocols && named.every((one) => one.ports === (ports && String(ports)));
  });
  if (service !== undefined) return { service: service[0] };
  const named = protocols.length === 1 ? (protocols[0] as string) : protocols;
  if (ports === undefined) return { protocol: named };
  const items = ports.ranges().map(({ from, to }) => (from === to ? from : `${from}-${to}`));
  return { protocol: named, ports: items.length === 1 ? items[0]! : items };
}

/** Zones that rules need, each once. */
class ZoneNames {
  readonly #names = new Map<string, string>();
  readonly all: Record<string, { interfaces: string[]; sources?: string[] }> = {};

  name(interfaces: readonly string[], sources: readonly string[] | undefined): string {
    const key = JSON.stringify([interfaces, sources]);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const plain = interfaces
      .join('-')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '');
    const stem = /^[a-z]/.test(plain) ? plain.slice(0, 24) : `if-${plain.slice(0, 20)}`;
    let name = stem;
    for (let next = 2; Object.hasOwn(this.all, name); next++) name = `${stem}-${next}`;
    this.#names.set(key, name);
    this.all[name] = { interfaces: [...interfaces], ...(sources && { sources: [...sources] }) };
    return name;
  }
}

/** Whether answers of DHCP servers come in, of either version. */
function acceptsDhcp(ruleset: Ruleset): boolean {
  const answer = {
    chain: 'INPUT',
    protocol: Protocol.Udp,
    state: 'NEW',
    local: false,
    inInterface: 'eth0',
  } as const;
  const of4: Packet = { ...answer, family: 4, sourcePort: 67, port: 68, source: parseAddress('192.0.2.1')! };
  const of6: Packet = { ...answer, family: 6, sourcePort: 547, port: 546, source: parseAddress('fe80::1')! };
  return [of4, of6].some((packet) => judgePacket(ruleset, packet).outcome !== 'deny');
}

/** Returns the declaration of what was imported. */
export function specOf({ zones, inbound, forward, outbound, echo, dhcp, logs }: Imported): HostFirewallSpec {
  const rules = ({ policy, deny, allow }: ImportedRules) => ({
    policy,
    ...(deny.length > 0 && { deny: deny.map(({ written }) => written) }),
    ...(allow.length > 0 && { allow: allow.map(({ written }) => written) }),
  });
  return {
    ...(Object.keys(zones).length > 0 && { zones }),
    ...rules(inbound),
    icmp: { echo },
    dhcp,
    ...(logs && { log: {} }),
    ...(forward && { forward: rules(forward) }),
    ...(outbound && { outbound: rules(outbound) }),
  };
}
