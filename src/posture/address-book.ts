import type { Identity, IdentityKind } from '../flow/flow.ts';
import type { SiteHost } from '../manifest/site.ts';
import { type Address, formatAddress, isLoopback, unmapAddress } from '../net/address.ts';
import { hostPrefix, type Prefix } from '../net/prefix.ts';
import { PrefixTable } from '../net/prefix-table.ts';
import type { Endpoint } from '../segmentation/endpoint.ts';
import {
  type ClusterNode,
  type Inventory,
  type Service,
  type Workload,
  workloadName,
} from '../segmentation/model.ts';

/** What is declared to have an address. */
export type Owner =
  | { readonly kind: 'workload'; readonly identity: Identity; readonly workload: Workload }
  | { readonly kind: 'service'; readonly identity: Identity; readonly service: Service }
  | { readonly kind: 'node'; readonly identity: Identity; readonly node: ClusterNode }
  | { readonly kind: 'host' | 'peer'; readonly identity: Identity };

/** Addresses behind a peer of a tunnel. */
export interface PeerRange {
  readonly name: string;
  readonly prefix: Prefix;
}

const loopback: Identity = { kind: 'loopback', name: 'loopback' };

/** Who has which address: pods, Services, nodes, the hosts of the site file, and what lies behind tunnels. */
export class AddressBook {
  readonly #owners: PrefixTable<Owner>;

  /**
   * The longest prefix decides. Where the same address has several owners a node goes before a pod (which then is on
   * its host's network), a pod before a Service, a Service before a host of the site file, that before a tunnel's peer.
   */
  constructor(inventory: Inventory, hosts: readonly SiteHost[], peers: readonly PeerRange[] = []) {
    const entries: [Prefix, Owner][] = [];
    const claim = (addresses: readonly Address[], owner: Owner) => {
      for (const address of addresses) entries.push([hostPrefix(address), owner]);
    };
    for (const { name, prefix } of peers) {
      entries.push([prefix, { kind: 'peer', identity: { kind: 'peer', name } }]);
    }
    for (const { name, prefixes } of hosts) {
      const owner: Owner = { kind: 'host', identity: { kind: 'host', name } };
      for (const prefix of prefixes) entries.push([prefix, owner]);
    }
    for (const service of inventory.services) {
      const name = `${service.namespace}/${service.name}`;
      claim(service.addresses, { kind: 'service', identity: identity('service', name), service });
    }
    for (const workload of inventory.workloads) {
      const owner: Owner = {
        kind: 'workload',
        identity: identity('workload', workloadName(workload)),
        workload,
      };
      for (const { addresses } of workload.pods) claim(addresses, owner);
    }
    for (const node of inventory.nodes) {
      const name = node.name ?? (node.addresses[0] === undefined ? 'node' : formatAddress(node.addresses[0]));
      claim(node.addresses, { kind: 'node', identity: identity('node', name), node });
    }
    this.#owners = PrefixTable.from(entries);
  }

  /** Returns what is declared to have this address; an IPv4-mapped IPv6 address counts as the IPv4 one. */
  owner(address: Address): Owner | undefined {
    return this.#owners.lookup(unmapAddress(address));
  }

  /** Returns the name of what has this address; its text when nothing declared has it. */
  identify(address: Address): Identity {
    const plain = unmapAddress(address);
    if (isLoopback(plain)) return loopback;
    return this.#owners.lookup(plain)?.identity ?? { kind: 'unknown', name: formatAddress(plain) };
  }

  /** Returns the address as an end of a connection. A Service is no end: its pods are. */
  endpoint(address: Address): Endpoint {
    const plain = unmapAddress(address);
    const owner = this.#owners.lookup(plain);
    if (owner?.kind === 'workload') return { kind: 'workload', workload: owner.workload, address: plain };
    if (owner?.kind === 'node') return { kind: 'node', node: owner.node, address: plain };
    return { kind: 'external', address: plain };
  }
}

function identity(kind: IdentityKind, name: string): Identity {
  return { kind, name };
}
