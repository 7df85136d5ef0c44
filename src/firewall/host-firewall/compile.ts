import { countedSources } from '../../manifest/host-firewall/schema.ts';
import { formatDuration, refillSeconds } from '../../manifest/host-firewall/values.ts';
import type { Path } from '../../manifest/resource.ts';
import { blockSetNames } from './block-entry.ts';
import type { BlockSet, HostFirewall, HostRule, HostRules, Limit } from './model.ts';
import { conditionsOf } from './rule-text.ts';
import { type ChainText, pathText, type TableLine, TableText } from './table-text.ts';

/** What a declaration is compiled to. */
export interface CompiledHostFirewall {
  /** For `nft -f`: the whole of `table inet picket`, and nothing else. */
  readonly text: string;
  /** The lines of the text, with what of the declaration each comes from. */
  readonly lines: readonly TableLine[];
}

export interface CompileOptions {
  /** Returns what the text shall say of where a part is declared, e.g. `picket.yaml:12`. */
  readonly origin?: (path: Path) => string;
}

/**
 * Priorities of the base chains (nft(8), CHAINS). Block sets are asked before connection tracking (-200) and before NOTRACK in
 * iptables' raw (-300), after fragments are put together (-400): what is shut out takes no entry of the table of connections. The
 * others come before iptables' filter (0), so that what is dropped here is neither counted nor logged by rules there; which of
 * two drops is met first makes no other difference, as each is final.
 */
const priorities = { early: -310, filter: -10 } as const;

/** Errors that connections need (RFC 4890, sections 4.3.1 and 4.4.1; RFC 1122, section 3.2.2). */
const errors = {
  4: 'icmp type { destination-unreachable, time-exceeded, parameter-problem }',
  6: 'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }',
};
/** Discovery of neighbours, routers and listeners, without which IPv6 does not work; the kernel itself refuses what comes through a router. */
const discovery =
  'icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, ' +
  'mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report }';

const header = [
  'The packet filter that Picket keeps on this machine; changes made here by hand are lost.',
  'An accept ends the chain of this table alone: chains of other tables may still drop. A drop is final.',
  'A set that limits or connections are counted in and that is full lets pass what it cannot count.',
];

/**
 * Returns the table of a declaration as text that nft 1.0.6 and later load (nft(8)). It is complete and the same for the same
 * declaration. An inbound packet meets, in this order: block sets (admin paths go by them), loopback, admin paths, connections
 * that exist, errors and discovery of ICMP, packets of no connection, DHCP, `deny`, the limit of connections, echo requests,
 * `allow` without limits, `allow` with limits, the policy.
 */
export function compileHostFirewall(
  firewall: HostFirewall,
  { origin }: CompileOptions = {},
): CompiledHostFirewall {
  const writer = new Writer(firewall, origin);
  const lines = writer.run();
  return { text: `${lines.map(({ text }) => text).join('\n')}\n`, lines };
}

class Writer {
  readonly #firewall: HostFirewall;
  readonly #origin: ((path: Path) => string) | undefined;
  readonly #table = new TableText();

  constructor(firewall: HostFirewall, origin: ((path: Path) => string) | undefined) {
    this.#firewall = firewall;
    this.#origin = origin;
  }

  run(): readonly TableLine[] {
    const { block, forward, outbound } = this.#firewall;
    if (block.length > 0) this.#early(block);
    this.#input();
    if (forward !== undefined) this.#forward(forward);
    if (outbound !== undefined) this.#output(outbound);
    return this.#table.lines(header);
  }

  #early(block: readonly BlockSet[]): void {
    const { administered, depended } = this.#firewall;
    const chain = this.#base('early', 'prerouting', priorities.early, 'accept');
    for (const rule of administered) this.#all(chain, rule, 'accept');
    for (const rule of depended) this.#answers(chain, rule);
    for (const set of block) this.#block(chain, set);
  }

  /** What comes back on a path that this machine opens: no connection is known yet at this place. */
  #answers(chain: ChainText, rule: HostRule): void {
    this.#note(chain, rule.path);
    for (const condition of conditionsOf({ ...rule, from: rule.to, to: undefined }, this.#table, 'sport'))
      chain.rule(`${condition} counter accept ${comment(rule.path)}`, rule.path);
  }

  #block(chain: ChainText, { name, timeout, size }: BlockSet): void {
    const path = ['block', name];
    this.#note(chain, path);
    for (const family of [4, 6] as const) {
      const { single, ranges } = blockSetNames(name, family);
      const address = `ipv${family}_addr`;
      const body = [`size ${size}`, `timeout ${formatDuration(timeout)}`];
      this.#table.object('set', single, [`type ${address}`, 'flags timeout', ...body], path);
      const pair = [`type ${address} . inet_proto`, 'flags interval, timeout', ...body];
      this.#table.object('set', ranges, pair, path);
      const field = family === 4 ? 'ip saddr' : 'ip6 saddr';
      chain.rule(`${field} @${single} counter drop ${comment(path)}`, path, 'block');
      chain.rule(`${field} . meta l4proto @${ranges} counter drop ${comment(path)}`, path, 'block');
    }
  }

  #input(): void {
    const { administered, inbound, dhcp } = this.#firewall;
    const chain = this.#base('input', 'input', priorities.filter, inbound.policy, ['policy']);
    chain.rule('iif "lo" accept');
    for (const rule of administered) this.#all(chain, rule, 'accept');
    chain.rule('ct state established,related accept');
    for (const types of [errors[4], errors[6], discovery]) chain.rule(`${types} accept`);
    chain.rule('ct state invalid counter drop');
    if (dhcp) {
      chain.rule('meta nfproto ipv4 udp sport 67 udp dport 68 accept');
      chain.rule('ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept');
    }
    for (const rule of inbound.deny) this.#all(chain, rule, 'drop');
    this.#connections(chain);
    this.#echo(chain);
    this.#allow(chain, inbound);
    this.#end(chain, inbound, 'input');
  }

  #forward(rules: HostRules): void {
    const chain = this.#base('forward', 'forward', priorities.filter, rules.policy, ['forward', 'policy']);
    chain.rule('ct state established,related accept');
    for (const types of [errors[4], errors[6]]) chain.rule(`${types} accept`);
    for (const rule of rules.deny) this.#all(chain, rule, 'drop');
    this.#allow(chain, rules);
    this.#end(chain, rules, 'forward');
  }

  #output(rules: HostRules): void {
    const { depended, dhcp } = this.#firewall;
    const chain = this.#base('output', 'output', priorities.filter, rules.policy, ['outbound', 'policy']);
    chain.rule('oif "lo" accept');
    for (const rule of depended) this.#all(chain, rule, 'accept');
    chain.rule('ct state established,related accept');
    for (const types of [errors[4], errors[6], discovery]) chain.rule(`${types} accept`);
    if (dhcp) {
      chain.rule('meta nfproto ipv4 udp sport 68 udp dport 67 accept');
      chain.rule('meta nfproto ipv6 udp sport 546 udp dport 547 accept');
    }
    for (const rule of rules.deny) this.#all(chain, rule, 'drop');
    this.#allow(chain, rules);
    this.#end(chain, rules, 'output');
  }

  #base(name: string, hook: string, priority: number, policy: string, path?: Path): ChainText {
    return this.#table.chain(name, `type filter hook ${hook} priority ${priority}; policy ${policy};`, path);
  }

  #note(chain: ChainText, path: Path): void {
    const place = this.#origin?.(path);
    if (place !== undefined) chain.note(`${pathText(path)} (${printable(place)})`, path);
  }

  #all(chain: ChainText, rule: HostRule, verdict: string): void {
    this.#note(chain, rule.path);
    for (const condition of conditionsOf(rule, this.#table))
      chain.rule(
        `${[condition, 'counter', verdict].filter((word) => word !== '').join(' ')} ${comment(rule.path)}`,
        rule.path,
      );
  }

  /** Rules without limits come first: a packet that one of them accepts is held to no limit. */
  #allow(chain: ChainText, { allow }: HostRules): void {
    for (const rule of allow.filter(({ limit }) => limit === undefined)) this.#all(chain, rule, 'accept');
    for (const rule of allow) {
      const { limit, path } = rule;
      if (limit === undefined) continue;
      const name = path.join('_');
      this.#limited(name, limit, path);
      this.#note(chain, path);
      for (const condition of conditionsOf(rule, this.#table))
        chain.rule(`${condition === '' ? '' : `${condition} `}jump ${name} ${comment(path)}`, path);
    }
  }

  /** A chain that drops what exceeds the limit and accepts the rest. */
  #limited(name: string, limit: Limit, path: Path): void {
    const chain = this.#table.chain(name, undefined, path);
    const rate = `rate over ${limit.count}/${limit.period} burst ${limit.burst} packets`;
    if (limit.perSource) {
      for (const family of [4, 6] as const) {
        const set = `${name}_sources_ip${family}`;
        const timeout = formatDuration(Math.max(60, refillSeconds(limit)));
        this.#counted(set, family, ['flags dynamic, timeout', `timeout ${timeout}`], path);
        chain.rule(
          `meta nfproto ipv${family} update @${set} { ${sourceOf(family)} limit ${rate} } counter drop ${comment(path)}`,
          path,
          'limit',
        );
      }
    } else {
      this.#table.object('limit', `${name}_rate`, [rate], path);
      chain.rule(`limit name "${name}_rate" counter drop ${comment(path)}`, path, 'limit');
    }
    chain.rule(`counter accept ${comment(path)}`, path);
  }

  #counted(name: string, family: 4 | 6, flags: readonly string[], path: Path): void {
    this.#table.object('set', name, [`type ipv${family}_addr`, `size ${countedSources}`, ...flags], path);
  }

  #connections(chain: ChainText): void {
    const most = this.#firewall.connectionsPerSource;
    if (most === undefined) return;
    const path = ['connectionLimit', 'perSource'];
    this.#note(chain, path);
    for (const family of [4, 6] as const) {
      const set = `connections_ip${family}`;
      this.#counted(set, family, ['flags dynamic'], path);
      chain.rule(
        `meta nfproto ipv${family} meta l4proto tcp ct state new add @${set} { ${sourceOf(family)} ct count over ${most} } counter drop ${comment(path)}`,
        path,
        'connections',
      );
    }
  }

  #echo(chain: ChainText): void {
    const { echo } = this.#firewall;
    if (echo === false) return;
    const path = ['icmp', 'echo'];
    if (echo !== true) this.#limited('echo', echo, path);
    for (const request of ['icmp type echo-request', 'icmpv6 type echo-request'])
      chain.rule(`${request} ${echo === true ? 'accept' : 'jump echo'} ${comment(path)}`, path);
  }

  #end(chain: ChainText, { policy }: HostRules, name: string): void {
    const { log } = this.#firewall;
    if (log === undefined || policy === 'accept') return;
    const { count, period, burst } = log.limit;
    const rate = `limit rate ${count}/${period} burst ${burst} packets`;
    chain.rule(`${rate} log prefix "${log.prefix}${name} drop: " level info`, ['log'], 'log');
  }
}

/** What sources are counted by: of IPv6 networks of 64 bits, as one machine has as many addresses of one as it wants. */
function sourceOf(family: 4 | 6): string {
  return family === 4 ? 'ip saddr' : 'ip6 saddr & ffff:ffff:ffff:ffff::';
}

/** Names the rule in `nft list ruleset` too, where lines of the declaration would say nothing. */
function comment(path: Path): string {
  return `comment "${pathText(path)}"`;
}

/** A place may have a file's name in it, which may have anything in it. */
function printable(text: string): string {
  return text.replace(/[^ -~]|\\/g, '?');
}
