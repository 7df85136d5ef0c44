/**
 * Throws scripts and rules that are half grammar and half noise at the shell splitter, the firewall parsers and what makes a
 * HostFirewall of their rules:
 * node fuzz/firewall.ts [--seconds N] [--seed S]. Prints the cases run; exits 1 with the failing text on a crash, a
 * slow case, or a place outside the text.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { acceptedPorts } from '../src/firewall/accepted-ports.ts';
import { compileHostFirewall } from '../src/firewall/host-firewall/compile.ts';
import { importRuleset, specOf } from '../src/firewall/host-firewall/import/import.ts';
import { resolveHostFirewall } from '../src/firewall/host-firewall/resolve.ts';
import { applyIpsetText } from '../src/firewall/ipset.ts';
import { parseDump } from '../src/firewall/iptables-restore.ts';
import { parseNft } from '../src/firewall/nft.ts';
import { parseNftJson } from '../src/firewall/nft-json.ts';
import { splitNftTables, steadyNftText, withoutPassingElements } from '../src/firewall/nft-tables.ts';
import type { FirewallProblem, Ruleset } from '../src/firewall/ruleset.ts';
import { RulesetBuilder } from '../src/firewall/ruleset-builder.ts';
import { readFirewallScript } from '../src/firewall/script.ts';
import { splitShell } from '../src/firewall/shell.ts';
import { judgePacket } from '../src/firewall/simulate.ts';
import { hostFirewallSchema } from '../src/manifest/host-firewall/schema.ts';
import { limited } from './support/limited.ts';

const words = (text: string) => text.split(' ');
const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
const seconds = Number(values.seconds ?? 5);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);

const pieces = [
  ...words(
    'iptables ip6tables iptables-restore nft -A -I -D -C -P -N -F -X -E -R -t -w -j -g -m -p -s -d -i -o ! 1 0 -1',
  ),
  ...words(
    'INPUT FORWARD A B filter nat raw ACCEPT DROP REJECT RETURN DNAT LOG tcp udp icmp all --dport --dports 22 1:9',
  ),
  ...words(
    '99999 --ctstate NEW,ESTABLISHED conntrack multiport 10.0.0.0/8 ::1/128 10.0.0.1/255.0.255.0 --tcp-flags SYN',
  ),
  ...words(
    'sh -c if then else fi for in do done while case esac { } ( ) && || ; ;; | & < > << <<- <<EOF EOF $X $( `',
  ),
  ...words(
    '*filter :INPUT COMMIT [0:0] table inet chain add rule set element elements type hook input priority policy',
  ),
  ...words(
    'expires define $x include map flags interval dynamic timeout dnat snat redirect masquerade to : . @s & | ( ) meta mark ct',
  ),
  ...words(
    'tcp flags syn,ack / == < >= limit rate 5/second counter fib daddr type ip ip6 icmp code handle index',
  ),
  ...words(
    'chain c { type filter hook ingress device lo priority 0; policy drop; } numgen inc mod 2 tproxy notrack',
  ),
  ...words(
    'drop accept jump goto vmap @s { } , = != saddr dport ct state established iifname __proto__ constructor',
  ),
  ...[
    "'",
    '"',
    '\\',
    '\n',
    '\\\n',
    '\t',
    ' ',
    '#',
    'X=1',
    'cat <<EOF |',
    '\u0000',
    '💥',
    '\ud800',
    '-'.repeat(40),
  ],
];
const keys = words(
  'nftables table chain rule set map element expr match left right op payload protocol field meta key ct prefix range',
).concat(
  words(
    'family name concat vmap data accept drop jump target mangle value limit counter log elem add type flags',
  ),
);

const script = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...pieces).map((piece) => `${piece} `) },
      { weight: 2, arbitrary: fc.constant('\n') },
      { weight: 2, arbitrary: fc.constant('\niptables -A INPUT ') },
      { weight: 1, arbitrary: fc.constantFrom(...pieces) },
      { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
    ),
    { maxLength: 120 },
  )
  .map((parts) => parts.join(''));

const limitMs = 1000;
const until = performance.now() + seconds * 1000;
let cases = 0;
for (let round = 0; performance.now() < until; round++) {
  for (const text of fc.sample(script, { seed: seed + round, numRuns: 300 })) {
    cases++;
    try {
      limited(limitMs, () => run(text));
      if (cases % 100 === 0) limited(limitMs, () => run(text.repeat(200)));
    } catch (error) {
      console.error(`seed ${seed + round}: ${JSON.stringify(text)}\n${(error as Error).stack}`);
      process.exit(1);
    }
  }
}
console.log(`${cases} cases, seed ${seed}`);

function run(text: string): void {
  for (const { at } of splitShell(text)) inside(at, text);
  tables(text);
  tables(`table inet picket {\nset s { flags timeout\nelements = { ${text} }\n}\n}`);
  tables(`table inet picket { set s { flags timeout; ${text}\nelements = { 1 expires 5s } } }`);
  for (const read of [
    readFirewallScript(text),
    parseDump(text, 'ip'),
    parseDump(text, 'ip6'),
    parseNft(text),
    parseNftJson(text),
    readSets(text),
  ]) {
    judge(read.ruleset, read.problems, text);
    declare(read.ruleset);
  }
  const json = asJson(text);
  const printed = parseNftJson(json);
  judge(printed.ruleset, printed.problems, json);
}

/** What is taken out of a table leaves a table. */
function tables(text: string): void {
  const { tables: split, other } = splitNftTables(text);
  if (other !== undefined) inside(other.at, text);
  for (const { at } of split) inside(at, text);
  steadyNftText(text);
  for (const { text: table } of split) {
    const rest = withoutPassingElements(table);
    if (splitNftTables(rest).tables.length !== 1) throw new Error(`is no table any more: ${rest}`);
  }
}

/** Rules that ask for the sets that the text makes. */
function readSets(text: string): {
  readonly ruleset: Ruleset;
  readonly problems: readonly FirewallProblem[];
} {
  const builder = new RulesetBuilder();
  applyIpsetText(builder, text, 0);
  const { ipsets } = builder;
  const rules = [...ipsets.keys()].map((name) => `-A INPUT -m set --match-set "${name}" src,dst -j DROP\n`);
  const { ruleset } = parseDump(`*filter\n${rules.join('')}`, 'ip', { ipsets });
  for (const chain of ['INPUT', 'OUTPUT'] as const)
    judgePacket(ruleset, { family: 4, chain, protocol: 6, port: 22, state: 'NEW' });
  return { ruleset: builder.ruleset, problems: builder.problems };
}

/** Words of the text as keys and values of JSON, nested as its braces are. */
function asJson(text: string): string {
  const build = (items: readonly string[], depth: number): unknown => {
    const [first = '', ...rest] = items;
    if (rest.length === 0 || depth > 8) return /^\d+$/.test(first) ? Number(first) : first;
    if (first.length % 3 === 0)
      return rest.slice(0, 8).map((one, i) => build([one, ...rest.slice(i, i + 4)], depth + 1));
    const key = keys[(first.length * 7 + rest.length) % keys.length]!;
    return { [key]: build(rest, depth + 1) };
  };
  const found = text.split(/\s+/).slice(0, 60);
  const objects = found.map((_, i) => build(found.slice(i, i + 12), 0));
  const table = { table: { family: 'ip', name: 't' } };
  const chain = { chain: { family: 'ip', table: 't', name: 'c', type: 'filter', hook: 'input', prio: 0 } };
  const rules = objects.map((expr) => ({ rule: { family: 'ip', table: 't', chain: 'c', expr: [expr] } }));
  return JSON.stringify({ nftables: [table, chain, ...rules, ...objects] });
}

function judge(ruleset: Ruleset, problems: readonly FirewallProblem[], text: string): void {
  for (const { at } of [...problems, ...ruleset.opaque]) inside(at, text);
  for (const chain of ['INPUT', 'FORWARD', 'OUTPUT'] as const) {
    const asked = { family: 4, chain, protocol: 6 } as const;
    const { certain, possible } = acceptedPorts(ruleset, asked);
    const { outcome } = judgePacket(ruleset, { ...asked, port: 22, state: 'NEW' });
    const expected = certain.contains(22) ? 'allow' : possible.contains(22) ? 'unknown' : 'deny';
    if (outcome !== expected) throw new Error(`${chain}: ${outcome} for one port, ${expected} for all`);
  }
  for (const { chains } of ruleset.tables) {
    for (const { rules } of chains.values()) for (const { at } of rules) inside(at, text);
  }
}

/** What is made of any rules is a declaration without fault, of which every line can be read again. */
function declare(ruleset: Ruleset): void {
  const spec = specOf(importRuleset(ruleset));
  const [issue] = hostFirewallSchema().safeParse(spec).error?.issues ?? [];
  const { firewall, problems } = resolveHostFirewall(spec, []);
  const { ruleset: again, problems: faults } = parseNft(compileHostFirewall(firewall).text);
  const found = [issue, ...problems, ...faults, ...again.opaque][0];
  if (found !== undefined) throw new Error(`${JSON.stringify(spec)}: ${JSON.stringify(found)}`);
}

function inside({ start, end }: { readonly start: number; readonly end: number }, text: string): void {
  if (start < 0 || start > end || end > text.length)
    throw new Error(`the place ${start}-${end} is outside the text`);
}
