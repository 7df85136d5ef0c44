import { nearest } from '../../diagnostic/suggest.ts';
import { hasPorts, manyOf, portsOf, prefixProblem } from '../../manifest/host-firewall/fields.ts';
import { blockSizes, type HostFirewallSpec } from '../../manifest/host-firewall/schema.ts';
import { hostServices } from '../../manifest/host-firewall/services.ts';
import { parseDuration, parseLimit } from '../../manifest/host-firewall/values.ts';
import type { Path } from '../../manifest/resource.ts';
import type { SiteHost } from '../../manifest/site.ts';
import { parseAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { hostPrefix, type Prefix, parsePrefix } from '../../net/prefix.ts';
import { Protocol, protocolNumber } from '../../net/protocol.ts';
import type { End, HostFirewall, HostRule, HostRules, Limit, Traffic } from './model.ts';

/** A name that nothing declares, or more than one thing. */
export interface NameProblem {
  /** Where it stands, below the declaration. */
  readonly path: Path;
  readonly message: string;
  readonly help: string;
}

/** A declaration with its names looked up; one with problems is not to be put in force. */
export interface Resolved {
  readonly firewall: HostFirewall;
  readonly problems: readonly NameProblem[];
}

/** Fields of a rule, as they are written. */
interface WrittenRule {
  readonly service?: string | readonly string[] | null | undefined;
  readonly protocol?: string | number | readonly (string | number)[] | null | undefined;
  readonly ports?: string | number | readonly (string | number)[] | null | undefined;
  readonly from?: string | readonly string[] | null | undefined;
  readonly to?: string | readonly string[] | null | undefined;
  readonly limit?: string | null | undefined;
}

interface WrittenRules {
  readonly policy?: 'drop' | 'accept' | null | undefined;
  readonly deny?: readonly WrittenRule[] | null | undefined;
  readonly allow?: readonly WrittenRule[] | null | undefined;
}

/**
 * Returns what a declaration that fits its schema means. `hosts` are those of the site file. A name that is not declared
 * stands for nobody: the rule lets in or shuts out less, and the problem is told.
 */
export function resolveHostFirewall(spec: HostFirewallSpec, hosts: readonly SiteHost[]): Resolved {
  return new Resolver(spec, hosts).run();
}

class Resolver {
  readonly #spec: HostFirewallSpec;
  readonly #zones: ReadonlyMap<string, End>;
  readonly #hosts: ReadonlyMap<string, readonly Prefix[]>;
  readonly #problems: NameProblem[] = [];

  constructor(spec: HostFirewallSpec, hosts: readonly SiteHost[]) {
    this.#spec = spec;
    this.#zones = new Map(Object.entries(spec.zones ?? {}).map(([name, zone]) => [name, zoneOf(name, zone)]));
    this.#hosts = new Map(hosts.map(({ name, prefixes }) => [name, prefixes]));
  }

  run(): Resolved {
    const { admin, forward, outbound, icmp, dhcp, connectionLimit, block, log } = this.#spec;
    for (const name of this.#zones.keys()) {
      if (this.#hosts.has(name))
        this.#problem(
          ['zones', name],
          `\`${name}\` is a zone here and a host of the site file`,
          'give the zone another name',
        );
    }
    const paths = (admin ?? []).map((rule, at) => this.#rule(rule, ['admin', at], 'output'));
    const isOutward = (_: unknown, at: number) => Boolean(admin?.[at]?.to);
    const { echo } = icmp ?? {};
    return {
      firewall: {
        administered: paths.filter((_, at) => !isOutward(_, at)),
        depended: paths.filter(isOutward),
        inbound: this.#rules(this.#spec, [], 'input'),
        forward: forward ? this.#rules(forward, ['forward'], 'forward') : undefined,
        outbound: outbound ? this.#rules(outbound, ['outbound'], 'output') : undefined,
        echo: typeof echo === 'boolean' ? echo : limitOf(echo ?? '10/second burst 20'),
        dhcp: dhcp ?? true,
        connectionsPerSource: connectionLimit?.perSource,
        block: Object.entries(block ?? {}).map(([name, set]) => ({
          name,
          timeout: parseDuration(set?.timeout ?? '1h') as number,
          size: set?.size ?? blockSizes.preset,
        })),
        log: log
          ? { limit: limitOf(log.limit ?? '10/minute burst 5'), prefix: log.prefix ?? 'picket ' }
          : undefined,
      },
      problems: this.#problems,
    };
  }

  #rules({ policy, deny, allow }: WrittenRules, path: Path, hook: Hook): HostRules {
    const list = (rules: readonly WrittenRule[] | null | undefined, name: string) =>
      (rules ?? []).map((rule, at) => this.#rule(rule, [...path, name, at], hook));
    return { policy: policy ?? 'drop', deny: list(deny, 'deny'), allow: list(allow, 'allow') };
  }

  #rule(rule: WrittenRule, path: Path, hook: Hook): HostRule {
    const { from, to, limit } = rule;
    return {
      path,
      traffic: trafficOf(rule),
      from: this.#ends(from, [...path, 'from'], false),
      // What is for this machine leaves by no interface.
      to: this.#ends(to, [...path, 'to'], hook === 'input'),
      limit: limit ? parseLimit(limit) : undefined,
    };
  }

  #ends(written: WrittenRule['from'], path: Path, addressesOnly: boolean): readonly End[] | undefined {
    const names = manyOf(written);
    if (names.length === 0) return undefined;
    const ends: End[] = [];
    let addresses = AddressSet.empty;
    for (const [at, name] of names.entries()) {
      const place = Array.isArray(written) ? [...path, at] : path;
      const zone = this.#zones.get(name);
      if (zone !== undefined && addressesOnly && zone.interfaces.length > 0) {
        const help = 'name addresses, or put the zone in `from`';
        this.#problem(
          place,
          `the zone \`${name}\` has interfaces, and what is for the machine leaves by none`,
          help,
        );
      } else if (zone === undefined) addresses = addresses.union(this.#addresses(name, place));
      else ends.push(zone);
    }
    const stem = path.join('_');
    return addresses.isEmpty ? ends : [...ends, { stem, interfaces: [], addresses }];
  }

  #addresses(name: string, path: Path): AddressSet {
    const prefixes = this.#hosts.get(name);
    if (prefixes !== undefined) return AddressSet.ofPrefixes(prefixes);
    if (prefixProblem(name) === undefined) return addressesOf([name]);
    if (/[/:]|^[\d.]+$/.test(name)) {
      const problem = prefixProblem(name)!;
      this.#problem(path, problem.message, problem.help);
      return AddressSet.empty;
    }
    const guess = nearest(name, [...this.#zones.keys(), ...this.#hosts.keys()]);
    this.#problem(
      path,
      `\`${name}\` is no zone of this firewall and no host of the site file${guess === undefined ? '' : `, did you mean \`${guess}\`?`}`,
      guess === undefined
        ? 'declare it under `zones` here or under `hosts` in picket.yaml'
        : `write \`${guess}\``,
    );
    return AddressSet.empty;
  }

  #problem(path: Path, message: string, help: string): void {
    this.#problems.push({ path, message, help });
  }
}

type Hook = 'input' | 'forward' | 'output';

type WrittenZone = NonNullable<HostFirewallSpec['zones']>[string];

function zoneOf(name: string, { interfaces, sources }: WrittenZone): End {
  const addresses = sources && sources.length > 0 ? addressesOf(sources) : undefined;
  return { stem: `zone_${name}`, interfaces: interfaces ?? [], addresses };
}

function addressesOf(texts: readonly string[]): AddressSet {
  const prefixes = texts.flatMap((text) => {
    const address = parseAddress(text);
    return (address === undefined ? parsePrefix(text) : hostPrefix(address)) ?? [];
  });
  return AddressSet.ofPrefixes(prefixes);
}

/** Returns the traffic that a rule means, each protocol once, ascending; undefined for any. */
function trafficOf({ service, protocol, ports }: WrittenRule): readonly Traffic[] | undefined {
  const services = manyOf(service);
  const found: Traffic[] = services.flatMap((name) =>
    (hostServices[name]?.traffic ?? []).map((one) => ({
      protocol: protocolNumber(one.protocol)!,
      ports: one.ports === undefined ? undefined : PortSet.parse(one.ports),
    })),
  );
  const written = manyOf(ports).flatMap((one) => portsOf(one) ?? []);
  const set = written.length === 0 ? undefined : written.reduce((all, one) => all.union(one));
  const protocols = manyOf(protocol).flatMap((one) => protocolNumber(String(one)) ?? []);
  if (services.length === 0 && protocols.length === 0 && set !== undefined) protocols.push(Protocol.Tcp);
  for (const number of protocols) found.push({ protocol: number, ports: hasPorts(number) ? set : undefined });
  if (found.length === 0) return undefined;
  const byProtocol = Map.groupBy(found, (one) => one.protocol);
  return [...byProtocol]
    .sort(([a], [b]) => a - b)
    .map(([number, parts]) => ({
      protocol: number,
      ports: parts.some((part) => part.ports === undefined)
        ? undefined
        : parts.reduce((all, part) => all.union(part.ports as PortSet), PortSet.empty),
    }));
}

function limitOf(text: string): Limit {
  return parseLimit(text) as Limit;
}
