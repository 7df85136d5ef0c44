import type { Limit } from '../../manifest/host-firewall/values.ts';
import type { Path } from '../../manifest/resource.ts';
import type { AddressSet } from '../../net/address-set.ts';
import type { PortSet } from '../../net/port-set.ts';

export type { Limit } from '../../manifest/host-firewall/values.ts';

/** One end of rules: packets must fit each part that is there. */
export interface End {
  /** What the nft sets of this end are named after. */
  readonly stem: string;
  /** Names, or their beginnings followed by `*`; empty where any will do. */
  readonly interfaces: readonly string[];
  /** Undefined where any will do. */
  readonly addresses: AddressSet | undefined;
}

/** Packets of a protocol, to some of its ports where any are named. */
export interface Traffic {
  /** IP protocol number. */
  readonly protocol: number;
  readonly ports: PortSet | undefined;
}

/** A rule of a declaration; what is undefined is any, and of a list each item is an alternative. */
export interface HostRule {
  /** Where it stands, below the declaration. */
  readonly path: Path;
  readonly traffic: readonly Traffic[] | undefined;
  readonly from: readonly End[] | undefined;
  readonly to: readonly End[] | undefined;
  readonly limit: Limit | undefined;
}

export type HostPolicy = 'drop' | 'accept';

/** Rules of one direction, besides those for the machine itself. */
export interface HostRules {
  readonly policy: HostPolicy;
  readonly deny: readonly HostRule[];
  readonly allow: readonly HostRule[];
}

/** A set of addresses that are shut out, filled while it is in force. */
export interface BlockSet {
  readonly name: string;
  /** Seconds after which an entry leaves that has no timeout of its own. */
  readonly timeout: number;
  /** Most single addresses of each IP version at a time, and most ranges. */
  readonly size: number;
}

/** What a HostFirewall declares, with every name looked up and every preset filled in. */
export interface HostFirewall {
  /** Paths to the machine that are never cut. */
  readonly administered: readonly HostRule[];
  /** Paths from the machine that are never cut. */
  readonly depended: readonly HostRule[];
  readonly inbound: HostRules;
  /** Undefined: what passes through is left alone. */
  readonly forward: HostRules | undefined;
  /** Undefined: what the machine sends is left alone. */
  readonly outbound: HostRules | undefined;
  /** How many echo requests are answered; all, or none. */
  readonly echo: Limit | boolean;
  readonly dhcp: boolean;
  readonly connectionsPerSource: number | undefined;
  readonly block: readonly BlockSet[];
  readonly log: { readonly limit: Limit; readonly prefix: string } | undefined;
}
