import type { Range } from '../manifest/locations.ts';
import type { Family } from '../net/address.ts';
import type { AddressSet } from '../net/address-set.ts';
import type { PortSet } from '../net/port-set.ts';
import type { ProtocolSet } from '../net/protocol-set.ts';

/** Which packets a table sees; `inet` both IP versions. */
export type TableFamily = 'ip' | 'ip6' | 'inet';

/** Where in the kernel's packet path a base chain hangs (nft(8), ADDRESS FAMILIES). */
export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

/** State of connection tracking (iptables-extensions(8), conntrack). */
export type ConnectionState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';

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
  | { readonly kind: 'opaque'; readonly text: string }
);

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
  /** Takes it out of connection tracking: NOTRACK. */
  | 'untrack'
  /** Anything may come of it. */
  | 'unknown';

export interface Target {
  readonly effect: Effect;
  /** As it is written, e.g. `REJECT`; the chain, for jump and goto. */
  readonly name: string;
  /** Its options as written, e.g. `--reject-with tcp-reset`. */
  readonly options: string;
}

export interface Rule {
  readonly matches: readonly Match[];
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
