import type { EntityRef } from '../detect/detector.ts';
import { nameOf } from '../detect/text.ts';
import { type Address, formatAddress, parseAddress } from '../net/address.ts';
import { type Prefix, parsePrefix, prefixContains } from '../net/prefix.ts';
import { Protocol } from '../net/protocol.ts';
import type { Posture } from '../posture/posture.ts';
import { workloadName } from '../segmentation/model.ts';

/** The machine that watches, as far as incidents have to know it. */
export interface OwnMachine {
  readonly name: string;
  readonly addresses: readonly Address[];
  /** Next hops of its default routes, and the name servers that it asks: all of its traffic goes through them. */
  readonly gateways: readonly Address[];
  readonly nameservers: readonly Address[];
}

/** By what names entities are known, and which of them stand between many. */
export interface SiteNames {
  /** The name by which an entity is known everywhere; undefined for loopback, which is nobody. */
  named(entity: EntityRef): EntityRef | undefined;
  /** Whether an entity forwards, asks or answers for many, so that what it does may be anybody's. */
  isHub(entity: Pick<EntityRef, 'kind' | 'name'>): boolean;
  /** Hubs of the site file that are neither an address nor the name of anything that is declared. */
  readonly unknownHubs: readonly string[];
}

/**
 * Returns the names of what is declared: addresses go by whatever has them, pods by their workload, this machine's own by its name. Hubs are
 * nodes, proxies that entries lead through, whatever answers for DNS, this machine's gateways and name servers, and what the site file names;
 * its ranges are about addresses that nothing else declares.
 */
export function siteNames(posture: Posture, own?: OwnMachine): SiteNames {
  return new Names(posture, own);
}

class Names implements SiteNames {
  readonly unknownHubs: readonly string[];
  readonly #posture: Posture;
  readonly #own: OwnMachine | undefined;
  readonly #ownAddresses: ReadonlySet<string>;
  readonly #workloadOfPod: ReadonlyMap<string, string>;
  readonly #nodes: ReadonlySet<string>;
  readonly #hubs: ReadonlySet<string>;
  readonly #hubRanges: readonly Prefix[];

  constructor(posture: Posture, own: OwnMachine | undefined) {
    this.#posture = posture;
    this.#own = own;
    this.#ownAddresses = new Set(own?.addresses.map(formatAddress));
    this.#workloadOfPod = podNames(posture);
    this.#nodes = new Set(posture.inventory.nodes.flatMap(({ name }) => name ?? []));
    const written = posture.manifests.site?.hubs ?? [];
    const ranges = written.map((text) => (parseAddress(text) === undefined ? parsePrefix(text) : undefined));
    this.#hubRanges = ranges.filter((range) => range !== undefined);
    const named = written.filter((_, at) => ranges[at] === undefined);
    this.#hubs = new Set([
      ...this.#surroundings(),
      ...proxyNames(posture),
      ...dnsNames(posture),
      ...named.map((text) => this.#nameOfText(text)),
    ]);
    const known = declaredNames(posture, own);
    this.unknownHubs = named.filter((text) => parseAddress(text) === undefined && !known.has(text));
  }

  named(entity: EntityRef): EntityRef | undefined {
    const { kind, name } = entity;
    if (name === 'loopback') return undefined;
    if (kind === 'workload') return { ...entity, name: this.#workloadOfPod.get(name) ?? name };
    if (kind === 'host' && this.#nodes.has(name)) return { ...entity, kind: 'node' };
    const address = kind === 'address' ? parseAddress(name) : undefined;
    return address === undefined ? entity : this.#ofAddress(entity, address);
  }

  isHub({ kind, name }: Pick<EntityRef, 'kind' | 'name'>): boolean {
    if (kind === 'node' || this.#hubs.has(name)) return true;
    if (kind !== 'address' || this.#hubRanges.length === 0) return false;
    const address = parseAddress(name);
    return address !== undefined && this.#hubRanges.some((range) => prefixContains(range, address));
  }

  #ofAddress(entity: EntityRef, address: Address): EntityRef | undefined {
    const identity = this.#posture.identify(address);
    if (identity.kind === 'loopback') return undefined;
    if (identity.kind !== 'unknown')
      return { ...entity, kind: identity.kind, name: nameOf({ address, port: 0, identity }) };
    const isOwn = this.#own !== undefined && this.#ownAddresses.has(formatAddress(address));
    return isOwn ? this.named({ ...entity, kind: 'host', name: this.#own!.name }) : entity;
  }

  #nameOfText(text: string): string {
    const kind = parseAddress(text) === undefined ? 'host' : 'address';
    return this.named({ kind, name: text, role: 'actor' })?.name ?? text;
  }

  /** This machine's gateways and name servers. That it is its own name server is no reason to take all of it for one. */
  #surroundings(): string[] {
    const { gateways = [], nameservers = [], name } = this.#own ?? {};
    const names = [...gateways, ...nameservers].map((address) => this.#nameOfText(formatAddress(address)));
    return names.filter((one) => one !== name);
  }
}

function podNames({ inventory }: Posture): ReadonlyMap<string, string> {
  return new Map(
    inventory.workloads.flatMap((workload) =>
      workload.pods.map(
        ({ name }) => [`${workload.namespace.name}/${name}`, workloadName(workload)] as const,
      ),
    ),
  );
}

function proxyNames({ entries }: Posture): string[] {
  return entries.flatMap(({ proxy }) => proxy?.workloads ?? []).map(workloadName);
}

/** Services at port 53, and the workloads behind them. */
function dnsNames({ inventory }: Posture): string[] {
  const forDns = inventory.services.filter(({ ports }) =>
    ports.some(
      ({ port, protocol }) => port === 53 && (protocol === Protocol.Udp || protocol === Protocol.Tcp),
    ),
  );
  return forDns.flatMap(({ namespace, name, backends = [] }) => [
    `${namespace}/${name}`,
    ...backends.map(workloadName),
  ]);
}

function declaredNames({ inventory, hosts }: Posture, own: OwnMachine | undefined): Set<string> {
  const { workloads, services, nodes } = inventory;
  return new Set([
    ...workloads.map(workloadName),
    ...services.map(({ namespace, name }) => `${namespace}/${name}`),
    ...nodes.flatMap(({ name }) => name ?? []),
    ...hosts.map(({ name }) => name),
    ...(own === undefined ? [] : [own.name]),
  ]);
}
