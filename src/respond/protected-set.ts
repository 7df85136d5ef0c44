import type { Machine } from '../firewall/guard/machine.ts';
import { type Address, unmapAddress } from '../net/address.ts';
import { hostPrefix, type Prefix, parsePrefix, prefixCovers } from '../net/prefix.ts';
import type { Declared } from '../posture/posture.ts';

/** Addresses that no response touches, and why. */
interface Guarded {
  readonly prefix: Prefix;
  readonly why: string;
}

/** Ports of Kubernetes: its nodes listen on the one, and ask API servers on the other. */
const [kubelet, apiServer] = [10250, 6443];

/** This network, loopback, group addresses and all hosts: what is there is no attacker (RFC 6890, RFC 4291). */
const always: readonly Guarded[] = [
  ['0.0.0.0/8', 'this network'],
  ['127.0.0.0/8', 'loopback'],
  ['224.0.0.0/4', 'a group address'],
  ['255.255.255.255/32', 'the broadcast address'],
  ['::/127', 'loopback'],
  ['ff00::/8', 'a group address'],
].map(([text, why]) => ({ prefix: parsePrefix(text!)!, why: why! }));

/** What is protected beside what the machine and the manifests tell. */
export interface Named {
  /** What the site file protects. */
  readonly protect: readonly Prefix[];
  /** From where people are logged in on this machine. */
  readonly logins: readonly Address[];
}

/**
 * What no response touches: the machine's own addresses, its gateways and name servers, API servers, who manages it, its peers of tunnels, addresses
 * that the site file protects and those of declared nodes. Fixed for as long as it is used; make it anew before each decision.
 */
export class ProtectedSet {
  readonly #guarded: readonly Guarded[];

  constructor(machine: Machine, declared: Pick<Declared, 'inventory'>, { protect, logins }: Named) {
    this.#guarded = [
      ...always,
      ...logins.map(guarded('who is logged in here')),
      ...protect.map((prefix) => ({ prefix, why: 'an address that the site file protects' })),
      ...ofMachine(machine),
      ...declared.inventory.nodes.flatMap(({ addresses, name }) =>
        addresses.map(guarded(`an address of the node ${name ?? 'of the cluster'}`)),
      ),
    ];
  }

  /** Returns whose address is in the prefix, as a noun with an article, or undefined where nobody's is. */
  why(prefix: Prefix): string | undefined {
    return this.#guarded.find(({ prefix: own }) => prefixCovers(own, prefix) || prefixCovers(prefix, own))
      ?.why;
  }
}

function guarded(why: string): (address: Address) => Guarded {
  return (address) => ({ prefix: hostPrefix(unmapAddress(address)), why });
}

function ofMachine(machine: Machine): Guarded[] {
  const { interfaces, gateways = [], nameservers, session, admins, wireguard } = machine;
  const list: readonly [string, readonly Address[]][] = [
    [
      'an address of this machine',
      interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    ],
    ['a gateway', gateways],
    ['a name server', nameservers],
    ['who is logged in here', session === undefined ? [] : [session.remote.address]],
    ['an API server', apiServers(machine)],
    ['the end of a tunnel', wireguard.flatMap(({ endpoints }) => endpoints.map(({ address }) => address))],
  ];
  return [
    ...list.flatMap(([why, addresses]) => addresses.map(guarded(why))),
    ...admins.map(({ prefix }) => ({ prefix, why: 'an administrator' })),
  ];
}

/**
 * Whom a node of a cluster asks on the API server's port. Not who asks this machine for something: anybody can open a connection, and would
 * be protected by it.
 */
function apiServers({ listeners, connections }: Machine): Address[] {
  if (!listeners.some(({ protocol, port }) => protocol === 6 && port === kubelet)) return [];
  return connections.filter(({ remote }) => remote.port === apiServer).map(({ remote }) => remote.address);
}
