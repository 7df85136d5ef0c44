import type { EntityRef } from '../detect/detector.ts';
import { nameOf } from '../detect/text.ts';
import { type Address, formatAddress, parseAddress } from '../net/address.ts';
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
}

/**
 * Returns the names of what is declared: addresses go by whatever has them, pods by their workload, this machine's own by its name. Hubs are
 * nodes, proxies that entries lead through, whatever answers for DNS, and this machine's gateways and name servers.
 */
export function siteNames(posture: Posture, own?: OwnMachine): SiteNames {
  const { workloads, nodes, services } = posture.inventory;
  const pods = new Map<string, string>();
  for (const workload of workloads) {
    for (const { name } of workload.pods)
      pods.set(`${workload.namespace.name}/${name}`, workloadName(workload));
  }
  const nodeNames = new Set(nodes.flatMap(({ name }) => (name === undefined ? [] : [name])));
  const ownAddresses = new Set(own?.addresses.map(formatAddress));
  const nameOfAddress = (address: Address): EntityRef['kind'] | undefined => {
    const { kind } = posture.identify(address);
    if (kind === 'loopback') return undefined;
    return kind === 'unknown' ? 'address' : kind;
  };
  const named = (entity: EntityRef): EntityRef | undefined => {
    if (entity.name === 'loopback') return undefined;
    if (entity.kind === 'workload') return { ...entity, name: pods.get(entity.name) ?? entity.name };
    if (entity.kind === 'host' && nodeNames.has(entity.name)) return { ...entity, kind: 'node' };
    const address = entity.kind === 'address' ? parseAddress(entity.name) : undefined;
    if (address === undefined) return entity;
    const kind = nameOfAddress(address);
    if (kind === undefined) return undefined;
    if (kind !== 'address')
      return { ...entity, kind, name: nameOf({ address, port: 0, identity: posture.identify(address) }) };
    const isOwn = own !== undefined && ownAddresses.has(formatAddress(address));
    return isOwn ? named({ ...entity, kind: 'host', name: own.name }) : entity;
  };
  const between = [...(own?.gateways ?? []), ...(own?.nameservers ?? [])].flatMap((address) => {
    const ref = named({ kind: 'address', name: formatAddress(address), role: 'actor' });
    // A name server on this machine is no reason to take the whole machine for one.
    return ref === undefined || ref.name === own?.name ? [] : [ref.name];
  });
  const proxies = posture.entries.flatMap(({ proxy }) => proxy?.workloads ?? []).map(workloadName);
  const forDns = services.filter(({ ports }) =>
    ports.some(
      ({ port, protocol }) => port === 53 && (protocol === Protocol.Udp || protocol === Protocol.Tcp),
    ),
  );
  const dns = forDns.flatMap(({ namespace, name, backends }) => [
    `${namespace}/${name}`,
    ...(backends ?? []).map(workloadName),
  ]);
  const hubs = new Set([...between, ...proxies, ...dns]);
  return { named, isHub: ({ kind, name }) => kind === 'node' || hubs.has(name) };
}
