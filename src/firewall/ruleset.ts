import type { Range } from '../manifest/locations.ts';
import type { Family } from '../net/address.ts';
import type { AddressRange, AddressSet } from '../net/address-set.ts';
import type { IntegerRange } from '../net/integer-set.ts';
import type { PortSet } from '../net/port-set.ts';
import type { ProtocolSet } from '../net/protocol-set.ts';
import type { WordSet } from '../net/word-set.ts';

/** Which packets a table sees; `inet` both IP versions. */
export type TableFamily = 'ip' | 'ip6' | 'inet';

/** Where in the kernel's packet path a base chain hangs (nft(8), ADDRESS FAMILIES). */
export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

/** State of connection tracking (iptables-extensions(8), conntrack). */
export type ConnectionState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';

/** Bits that nft calls `ct status` (linux/netfilter/nf_conntrack_common.h). */
export type ConnectionStatus = 'expected' | 'seen-reply' | 'assured' | 'confirmed' | 'snat' | 'dnat';

/**
 * A whole number that packets or their connections carry, and rules ask for or set: the marks of packet and connection,
 * the length of the IP packet in bytes, TTL or hop limit, DSCP, the priority of queueing.
 */
export type NumberField = 'mark' | 'connection mark' | 'length' | 'hop limit' | 'dscp' | 'priority';

/** One condition of a rule. What is not modelled keeps its text and may or may not match. */
export type Match = { readonly negated: boolean } & (
  | { readonly kind: 'protocol'; readonly protocols: ProtocolSet }
  | { readonly kind: 'family'; readonly family: Family }
  | { readonly kind: 'source' | 'destination'; readonly addresses: AddressSet }
  /** A name, or its beginning followed by `+`. */
  | { readonly kind: 'in' | 'out'; readonly names: readonly string[] }
  | {
      readonly kind: 'source port' | 'destination port' | 'either port';
      readonly ports: PortSet;
      /** The bytes at the place of a port are asked for, whatever the protocol: `th` of nft. */
      readonly raw?: true;
    }
  | { readonly kind: 'state'; readonly states: ReadonlySet<string> }
  /** Absent fields match any. */
  | { readonly kind: 'icmp'; readonly protocol: number; readonly types: readonly IcmpType[] }
  /** Of the flags in `mask` exactly those in `set` are up. */
  | { readonly kind: 'tcp flags'; readonly mask: ReadonlySet<string>; readonly set: ReadonlySet<string> }
  | { readonly kind: 'source type' | 'destination type'; readonly types: ReadonlySet<string> }
  /** The field, of which only the bits of `mask` are looked at where there is one, is in `values`. */
  | {
      readonly kind: 'number';
      readonly field: NumberField;
      readonly mask?: number;
      readonly values: WordSet;
    }
  /** The ends of the connection's first packet as it was sent, before anything translated it. */
  | { readonly kind: 'original source' | 'original destination'; readonly addresses: AddressSet }
  | { readonly kind: 'original source port' | 'original destination port'; readonly ports: PortSet }
  | { readonly kind: 'direction'; readonly direction: 'original' | 'reply' }
  /** Any of them is set for the connection. */
  | { readonly kind: 'status'; readonly statuses: ReadonlySet<ConnectionStatus> }
  /** It is a fragment, and not the first of its packet. */
  | { readonly kind: 'fragment' }
  /** Ethernet addresses, in small letters with colons. */
  | { readonly kind: 'hardware source'; readonly addresses: ReadonlySet<string> }
  | { readonly kind: 'packet type'; readonly types: ReadonlySet<PacketType> }
  /** All conditions of at least one alternative hold: elements of a set whose keys are put together of several fields. */
  | { readonly kind: 'any of'; readonly alternatives: readonly (readonly Match[])[] }
  | {
      readonly kind: 'opaque';
      readonly text: string;
      /** Equal packets may come out differently: a limit, a counter, a dynamic set, chance. */
      readonly varies?: true;
    }
);

/** To whom the frame was sent (linux/if_packet.h). */
export type PacketType = 'unicast' | 'broadcast' | 'multicast';

export interface IcmpType {
  readonly type?: number;
  readonly code?: number;
}

/** What a rule does with the packet that it matches. */
export type Effect =
  | 'accept'
  | 'drop'
  | 'return'
  | 'jump'
  | 'goto'
  /** LOG, MARK, no target: the next rule is tried. */
  | 'continue'
  /** Sends the packet elsewhere than it was addressed: DNAT, REDIRECT, TPROXY. */
  | 'translate'
  /** One of `cases`: a verdict map, or a translation by a map. */
  | 'choose'
  /** Takes it out of connection tracking: NOTRACK. */
  | 'untrack'
  /** Anything may come of it. */
  | 'unknown';

/** New addresses or ports for the packets of a connection. What is absent stays as it is. */
export interface Translation {
  readonly end: 'source' | 'destination';
  /** `interface`: that of the interface it leaves by (MASQUERADE), or came in by (REDIRECT). */
  readonly addresses?: AddressRange | 'interface';
  readonly ports?: IntegerRange;
  /** The address keeps its last bits, and takes those before them from `addresses` (NETMAP, `prefix`). */
  readonly keepsHost?: true;
  /** Ports are drawn by lot, also where those of the packet would do (`random`, `fully-random`). */
  readonly isRandom?: true;
}

/** Something that a rule does on the way, before its target. */
export type Action =
  /** The new number is `(old & keep) ^ flip`; with `from` that of the other field takes the place of `flip`, its bits in `mask`. */
  | {
      readonly kind: 'set number';
      readonly field: NumberField;
      readonly keep: number;
      readonly flip: number;
      readonly from?: { readonly field: NumberField; readonly mask: number };
    }
  /** The packet is taken out of connection tracking. */
  | { readonly kind: 'untrack' }
  /** It changes what later rules ask for in a way that is not followed. */
  | { readonly kind: 'opaque'; readonly text: string };

/** An action, and how many of the rule's conditions stand before it: it is done when those hold. */
export interface PlacedAction {
  readonly after: number;
  readonly action: Action;
}

/** One element of a map: the first whose conditions hold says what is done; the next rule is tried when none does. */
export interface Case {
  readonly matches: readonly Match[];
  readonly target: Target;
}

export interface Target {
  readonly effect: Effect;
  /** As it is written, e.g. `REJECT`; the chain, for jump and goto. */
  readonly name: string;
  /** Its options as written, e.g. `--reject-with tcp-reset`. */
  readonly options: string;
  /** Where the effect translates and what it writes is known. Beside `accept` it is a translation of the source. */
  readonly translation?: Translation;
  /** Of `choose`. */
  readonly cases?: readonly Case[];
}

export interface Rule {
  readonly matches: readonly Match[];
  /** In the order in which they are done. */
  readonly actions?: readonly PlacedAction[];
  readonly target: Target;
  /** As written, without table and place, e.g. `-A INPUT -p tcp --dport 22 -j ACCEPT`. */
  readonly text: string;
  readonly at: Range;
}

/** Where a base chain hangs; chains of one hook are walked by ascending priority. */
export interface Base {
  readonly hook: Hook;
  readonly priority: number;
  /** It translates addresses, and for that sees only the first packet of a connection. */
  readonly nat?: true;
}

export interface Policy {
  readonly effect: 'accept' | 'drop';
  readonly at: Range;
}

export interface Chain {
  readonly name: string;
  /** Absent for a chain that only jumps lead to. */
  readonly base?: Base;
  /** What becomes of a packet at the end of a base chain; accepted when nothing is said. */
  readonly policy?: Policy;
  readonly rules: readonly Rule[];
  /** Where it is created; absent for those that the kernel provides. */
  readonly at?: Range;
}

export interface Table {
  readonly family: TableFamily;
  readonly name: string;
  /** The rules of each backend are all applied, beside each other. */
  readonly backend: 'iptables' | 'iptables-legacy' | 'nft';
  readonly chains: ReadonlyMap<string, Chain>;
}

/** What is not followed, and for that reason may change any rule. */
export interface OpaquePart {
  readonly at: Range;
  /** A clause, e.g. `a for loop is not followed`. */
  readonly why: string;
}

/** Something that is wrong with the text, for a check to report. */
export interface FirewallProblem {
  readonly at: Range;
  /** One line, no full stop. */
  readonly message: string;
  readonly help?: string;
}

/** The packet filter of one machine as texts declare it, beginning with empty chains that accept. */
export interface Ruleset {
  readonly tables: readonly Table[];
  readonly opaque: readonly OpaquePart[];
}

/** Chains of each table of iptables, with their priorities (linux/netfilter_ipv4.h). */
const ipTables: Readonly<Record<string, readonly Base[]>> = {
  raw: hooks(-300, 'PREROUTING', 'OUTPUT'),
  mangle: hooks(-150, 'PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'),
  nat: [...hooks(-100, 'PREROUTING', 'OUTPUT'), ...hooks(100, 'INPUT', 'POSTROUTING')].map((base) => ({
    ...base,
    nat: true,
  })),
  filter: hooks(0, 'INPUT', 'FORWARD', 'OUTPUT'),
  security: hooks(50, 'INPUT', 'FORWARD', 'OUTPUT'),
};

/** Returns the built-in chains of a table of iptables, or undefined when there is no such table. */
export function builtInChains(table: string): readonly Base[] | undefined {
  return Object.hasOwn(ipTables, table) ? ipTables[table] : undefined;
}

function hooks(priority: number, ...names: Hook[]): Base[] {
  return names.map((hook) => ({ hook, priority }));
}
