import { parseDump } from '../iptables-restore.ts';
import { parseNft } from '../nft.ts';
import { type Loadable, machineFor, poolsOf } from './judge.fixture.ts';
import { Simulation } from './simulation.ts';
import { randomFrom, Traffic } from './traffic.fixture.ts';

export const forms = ['nft', 'iptables-nft', 'iptables-legacy'] as const;
export type Form = (typeof forms)[number];

/** One condition or target, as each tool writes it. */
interface Phrase {
  readonly nft: string;
  /** IP version that nft takes it for. */
  readonly family?: 4 | 6;
  /** For IPv4 and IPv6. */
  readonly ip: readonly [four: string, six: string];
}

/** A rule of a chain: `chain` is one that the form's chains have. */
interface RandomRule {
  readonly conditions: readonly Phrase[];
  readonly target: Phrase;
}

interface RandomChain {
  readonly table: 'raw' | 'mangle' | 'nat' | 'filter';
  readonly name: string;
  readonly priority?: number;
  readonly policy?: 'accept' | 'drop';
  readonly rules: readonly RandomRule[];
}

const both = (nft: string, ip: string, six = ip): Phrase => ({
  nft,
  ip: [ip, six],
  ...(/\b(ip6|icmpv6)\b/.test(nft)
    ? { family: 6 as const }
    : /\b(ip|icmp)\b/.test(nft)
      ? { family: 4 as const }
      : {}),
});
const ports = [22, 53, 80, 443, 8080, 1000, 5432, 30_000];

/** Rules that a tool loads, made of a seed: tables raw, mangle, nat and filter with chains of their own, for both IP versions. */
export function randomRules(form: Form, seed: number): Loadable {
  const chains = new RuleMaker(seed, form).chains();
  const name = `${form} made of seed ${seed}`;
  if (form === 'nft') {
    const text = nftText(chains);
    return { name, ruleset: parseNft(text).ruleset, load: [{ command: ['nft', '-f', '-'], text }] };
  }
  const texts = [0, 1].map((which) => restoreText(chains, which as 0 | 1));
  const rulesets = texts.map((text, i) => parseDump(text, i === 0 ? 'ip' : 'ip6').ruleset);
  const backend = form.slice('iptables-'.length);
  return {
    name,
    ruleset: {
      tables: rulesets.flatMap(({ tables }) => tables),
      opaque: rulesets.flatMap(({ opaque }) => opaque),
    },
    load: texts.map((text, i) => ({
      command: [`${i === 0 ? 'iptables' : 'ip6tables'}-${backend}-restore`],
      text,
    })),
  };
}

/** Returns the rules of the first seeds from `first` on of which packets come through, and not all. */
export function randomRulesThatDecide(form: Form, first: number): Loadable {
  for (let seed = first; ; seed += 1000) {
    const rules = randomRules(form, seed);
    const machine = machineFor(rules.ruleset);
    const traffic = new Traffic(poolsOf(rules.ruleset, machine), new Simulation(rules.ruleset, machine), 1);
    const dropped = traffic.make(400).filter(({ fate }) => fate.outcome === 'dropped').length;
    if (dropped > 60 && dropped < 320) return rules;
  }
}

class RuleMaker {
  readonly #random: () => number;
  readonly #form: Form;

  constructor(seed: number, form: Form) {
    this.#random = randomFrom(seed * 7919 + forms.indexOf(form));
    this.#form = form;
  }

  chains(): RandomChain[] {
    const translates = this.#maybe(0.6);
    const tracksLess = this.#maybe(0.4);
    const marks = this.#maybe(0.6);
    return [
      ...(tracksLess ? [this.#chain('raw', 'PREROUTING', -300, 3, () => this.#pick(raw))] : []),
      ...(marks
        ? [
            this.#chain('mangle', 'PREROUTING', -150, 5, () => this.#pick(marking)),
            this.#chain('mangle', 'FORWARD', -150, 3, () => this.#pick(marking)),
            this.#chain('mangle', 'POSTROUTING', -150, 2, () => this.#pick(marking)),
          ]
        : []),
      ...(translates
        ? [
            this.#chain('nat', 'PREROUTING', -100, 4, () => this.#pick(destinations), true),
            this.#chain('nat', 'POSTROUTING', 100, 4, () => this.#pick(sources), true),
          ]
        : []),
      this.#chain('filter', 'B', undefined, 4, () => this.#pick(plain)),
      this.#chain('filter', 'A', undefined, 4, () => this.#pick([...plain, jump('B'), goto('B')])),
      this.#chain('filter', 'INPUT', 0, 8, () => this.#pick([...plain, jump('A'), jump('B'), goto('A')])),
      this.#chain('filter', 'FORWARD', 0, 10, () => this.#pick([...plain, jump('A'), jump('B'), goto('A')])),
    ];
  }

  #chain(
    table: RandomChain['table'],
    name: string,
    priority: number | undefined,
    most: number,
    target: () => Phrase,
    withPorts = false,
  ): RandomChain {
    const rules = Array.from({ length: 1 + Math.floor(this.#random() * most) }, () => {
      const chosen = target();
      const needs = withPorts && /:\d|to-ports/.test(chosen.nft + chosen.ip[0]);
      const conditions = this.#conditions(name, needs, table === 'raw');
      // Not too often a rule for all packets, after which nothing counts.
      if (conditions.length === 0 && this.#maybe(0.8)) conditions.push(this.#pick(addresses));
      return { conditions: conditions.filter(agreesWith(chosen)), target: chosen };
    });
    if (priority === undefined) return { table, name, rules };
    const policy = table === 'filter' && this.#maybe(0.5) ? 'drop' : 'accept';
    return { table, name, priority, policy, rules };
  }

  /** Conditions that tools take together: one of each kind, ports only with their protocol. */
  #conditions(chain: string, needsPorts: boolean, isEarly: boolean): Phrase[] {
    const protocol = this.#pick(['tcp', 'udp', 'icmp', '', ''] as const);
    const chosen: Phrase[] = [];
    if (needsPorts || protocol === 'tcp' || protocol === 'udp') {
      const name = protocol === 'udp' ? 'udp' : 'tcp';
      chosen.push(this.#ports(name, needsPorts));
      if (name === 'tcp' && !needsPorts && this.#maybe(0.3)) chosen.push(this.#pick(flags));
    } else if (protocol === 'icmp') chosen.push(...this.#icmp());
    if (this.#maybe(0.35)) chosen.push(this.#pick(addresses));
    if (this.#maybe(0.3)) chosen.push(this.#pick(chain === 'POSTROUTING' ? leaving : entering));
    if (this.#maybe(0.1) && chain === 'FORWARD') chosen.push(this.#pick(leaving));
    if (!isEarly && this.#maybe(0.3)) chosen.push(this.#pick(states));
    if (this.#maybe(0.15)) chosen.push(this.#pick(rare));
    if (!isEarly && this.#maybe(0.12)) chosen.push(this.#pick(tracking));
    const family = chosen.find((one) => one.family !== undefined);
    return family === undefined ? chosen : chosen.filter(agreesWith(family));
  }

  #ports(name: 'tcp' | 'udp', isOne: boolean): Phrase {
    const [one, other] = [this.#pick(ports), this.#pick(ports)];
    const [low, high] = [Math.min(one, other), Math.max(one, other)];
    const not = !isOne && this.#maybe(0.2);
    const [bang, unequal] = not ? ['! ', '!= '] : ['', ''];
    if (isOne || this.#maybe(0.4))
      return both(`${name} dport ${unequal}${one}`, `-p ${name} ${bang}--dport ${one}`);
    if (low === high || this.#maybe(0.3))
      return both(
        `${name} sport ${unequal}1024-${20_000 + one}`,
        `-p ${name} ${bang}--sport 1024:${20_000 + one}`,
      );
    return this.#maybe(0.5)
      ? both(`${name} dport ${unequal}${low}-${high}`, `-p ${name} ${bang}--dport ${low}:${high}`)
      : both(
          `${name} dport ${unequal}{ ${low}, ${high} }`,
          `-p ${name} -m multiport ${bang}--dports ${low},${high}`,
        );
  }

  #icmp(): Phrase[] {
    if (this.#form === 'nft')
      return [
        this.#pick([
          both('icmp type echo-request', ''),
          both('icmpv6 type { echo-request, echo-reply, nd-neighbor-solicit }', ''),
        ]),
      ];
    return [both('', '-p icmp --icmp-type echo-request', '-p ipv6-icmp --icmpv6-type echo-request')];
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }

  #maybe(share: number): boolean {
    return this.#random() < share;
  }
}

/** nft refuses conditions of both IP versions in one rule. */
function agreesWith({ family }: Phrase): (other: Phrase) => boolean {
  return (other) => family === undefined || other.family === undefined || other.family === family;
}

const plain: readonly Phrase[] = [
  both('accept', '-j ACCEPT'),
  both('accept', '-j ACCEPT'),
  both('drop', '-j DROP'),
  both('counter', ''),
  both('return', '-j RETURN'),
  both('reject', '-j REJECT'),
];
const jump = (name: string) => both(`jump ${name}`, `-j ${name}`);
const goto = (name: string) => both(`goto ${name}`, `-g ${name}`);
const raw: readonly Phrase[] = [
  both('notrack', '-j CT --notrack'),
  both('notrack', '-j CT --notrack'),
  both('drop', '-j DROP'),
  both('accept', '-j ACCEPT'),
];
const marking: readonly Phrase[] = [
  both('meta mark set 0x1', '-j MARK --set-mark 0x1'),
  both('meta mark set meta mark | 0x4', '-j MARK --or-mark 0x4'),
  both('meta mark set meta mark and 0xfffffffe', '-j MARK --and-mark 0xfffffffe'),
  both('meta mark set meta mark ^ 0x10', '-j MARK --xor-mark 0x10'),
  both('ct mark set meta mark', '-j CONNMARK --save-mark'),
  both('meta mark set ct mark', '-j CONNMARK --restore-mark'),
  both('ct mark set 0x2', '-j CONNMARK --set-mark 0x2'),
  both('accept', '-j ACCEPT'),
];
const destinations: readonly Phrase[] = [
  both(
    'dnat ip to 198.19.16.2:8080',
    '-j DNAT --to-destination 198.19.16.2:8080',
    '-j DNAT --to-destination [2001:db8:200::2]:8080',
  ),
  both(
    'dnat ip6 to [2001:db8:200::3]:80',
    '-j DNAT --to-destination 198.19.16.3',
    '-j DNAT --to-destination 2001:db8:200::3',
  ),
  both('redirect to :8080', '-j REDIRECT --to-ports 8080'),
  both('accept', '-j ACCEPT'),
];
const sources: readonly Phrase[] = [
  both('masquerade', '-j MASQUERADE'),
  both('snat ip to 198.51.100.77', '-j SNAT --to-source 198.51.100.77', '-j SNAT --to-source 2001:db8:1::77'),
  both('snat ip6 to 2001:db8:1::78', '-j SNAT --to-source 203.0.113.7', '-j SNAT --to-source 2001:db8:2::7'),
  both('accept', '-j ACCEPT'),
];
const flags: readonly Phrase[] = [
  both('tcp flags & (fin | syn | rst | ack) == syn', '--syn'),
  both('tcp flags & (fin | syn | rst | psh | ack | urg) == 0x0', '--tcp-flags ALL NONE'),
  both('tcp flags & (syn | ack) == syn', '--tcp-flags SYN,ACK SYN'),
  both('tcp flags rst', '--tcp-flags RST RST'),
];
const addresses: readonly Phrase[] = [
  both('ip saddr 198.18.0.0/16', '-s 198.18.0.0/16', '-s 2001:db8:f00::/48'),
  both('ip6 saddr 2001:db8:f01::/48', '-s 198.18.7.2', '-s 2001:db8:f01::2'),
  both(
    'ip saddr != { 198.18.7.2-198.18.7.9, 198.19.16.0/24 }',
    '! -s 198.18.7.0/28',
    '! -s 2001:db8:f01::/124',
  ),
  both('ip daddr 198.19.16.0/24', '-d 198.19.16.0/24', '-d 2001:db8:200::/48'),
  both('ip6 daddr { 2001:db8:200::2, 2001:db8:201::/64 }', '-d 198.19.16.2/31', '-d 2001:db8:200::2/127'),
];
const entering: readonly Phrase[] = [
  both('iifname "eth0"', '-i eth0'),
  both('iifname != "eth0"', '! -i eth0'),
  both('iifname "eth*"', '-i eth+'),
];
const leaving: readonly Phrase[] = [
  both('oifname "eth0"', '-o eth0'),
  both('oifname != "eth0"', '! -o eth0'),
  both('oifname { "eth0", "eth1" }', '-o eth+'),
];
const states: readonly Phrase[] = [
  both('ct state established,related', '-m conntrack --ctstate ESTABLISHED,RELATED'),
  both('ct state new', '-m conntrack --ctstate NEW'),
  both('ct state invalid', '-m conntrack --ctstate INVALID'),
  both(
    'ct state { established, related, untracked }',
    '-m conntrack --ctstate ESTABLISHED,RELATED,UNTRACKED',
  ),
  both('ct state != new', '-m conntrack ! --ctstate NEW'),
];
const tracking: readonly Phrase[] = [
  both('ct direction original', '-m conntrack --ctdir ORIGINAL'),
  both('ct status seen-reply', '-m conntrack --ctstatus SEEN_REPLY'),
  both('ct status dnat', '-m conntrack --ctstate DNAT'),
  both('ct mark 0x2', '-m connmark --mark 0x2'),
  both('meta l4proto tcp ct original proto-dst 80', '-m conntrack --ctorigdstport 80 --ctproto tcp'),
];
const rare: readonly Phrase[] = [
  both('meta mark & 0x1 == 0x1', '-m mark --mark 0x1/0x1'),
  both('meta mark != 0x0', '-m mark ! --mark 0x0'),
  both('meta length 40-60', '-m length --length 40:60'),
  both('ip ttl < 64', '-m ttl --ttl-lt 64', '-m hl --hl-lt 64'),
  both('ip dscp 0x2e', '-m dscp --dscp 0x2e'),
  both('meta pkttype unicast', '-m pkttype --pkt-type unicast'),
];

const hookNames: Readonly<Record<string, string>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  POSTROUTING: 'postrouting',
};

function nftText(chains: readonly RandomChain[]): string {
  const tables = [...new Set(chains.map(({ table }) => table))];
  return tables
    .map(
      (table) =>
        `table inet ${table}1 {\n${chains
          .filter((one) => one.table === table)
          .map(nftChain)
          .join('')}}\n`,
    )
    .join('');
}

function nftChain({ table, name, priority, policy, rules }: RandomChain): string {
  const type = table === 'nat' ? 'nat' : 'filter';
  const head =
    priority === undefined
      ? ''
      : `    type ${type} hook ${hookNames[name]} priority ${priority}; policy ${policy};\n`;
  const lines = rules.map(
    ({ conditions, target }) => `    ${[...conditions.map(({ nft }) => nft), target.nft].join(' ')}\n`,
  );
  return `  chain ${priority === undefined ? name : `${name.toLowerCase()}1`} {\n${head}${lines.join('')}  }\n`;
}

function restoreText(chains: readonly RandomChain[], which: 0 | 1): string {
  const tables = [...new Set(chains.map(({ table }) => table))];
  const text = tables.map((table) => {
    const own = chains.filter((one) => one.table === table);
    const heads = own.map(({ name, policy }) => `:${name} ${policy?.toUpperCase() ?? '-'}\n`);
    const rules = own.flatMap(({ name, rules: list }) =>
      list.map(
        ({ conditions, target }) =>
          `-A ${name} ${[...conditions, target]
            .map(({ ip }) => ip[which])
            .filter((part) => part !== '')
            .join(' ')}\n`,
      ),
    );
    return `*${table}\n${heads.join('')}${rules.join('')}COMMIT\n`;
  });
  return text.join('');
}
