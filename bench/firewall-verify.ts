/**
 * Holds `firewall compare` against the kernel: node bench/firewall-verify.ts [--packets N] [--random N] [--seconds S] [--only TEXT] [--quick].
 * Pairs are made of rules of sites and of random rules for nft and both iptables: each against what the kernel prints
 * of it (equal), against itself without one rule, and with two rules exchanged. Prints what the comparison says and what the kernel
 * confirms; stops before a pair when the seconds are over. Needs root. Exits 1 when the kernel disagrees.
 */
import { parseArgs } from 'node:util';
import { cannotTry, TrialMachine } from '../src/enforce/trial/trial-machine.ts';
import { type VerifiedSide, verifyComparison } from '../src/enforce/verify/verify.ts';
import { type FirewallFile, readFirewallFiles } from '../src/firewall/analysis/read-files.ts';
import { compareRulesets } from '../src/firewall/compare/compare.ts';
import { type Loadable, machineFor } from '../src/firewall/machine/judge.fixture.ts';
import { forms, randomRulesThatDecide } from '../src/firewall/machine/random-rules.fixture.ts';
import { siteRules } from '../src/firewall/machine/site-rules.fixture.ts';

const { values } = parseArgs({
  options: {
    packets: { type: 'string' },
    random: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean' },
  },
});
// A few in a hundred say nothing: of 100,000 at least each pair is to be judged.
const packets = Number(values.packets ?? (values.quick ? 300 : 103_000));
const until = performance.now() + 1000 * Number(values.seconds ?? (values.quick ? 30 : Number.POSITIVE_INFINITY));
const why = cannotTry();
if (why !== undefined) {
  console.log(`the kernel cannot be asked: ${why}`);
  process.exit(0);
}

interface Pair {
  readonly name: string;
  readonly old: readonly FirewallFile[];
  readonly now: readonly FirewallFile[];
}

/** The files that a tool's rules are, by the names that tell their form. */
function filesOf({ load }: Loadable): FirewallFile[] {
  return load.map(({ command, text }) => ({ name: nameOf(command[0]!), text }));
}

function nameOf(program: string): string {
  if (program === 'nft') return 'rules.nft';
  return `${program.includes('legacy') ? 'legacy' : 'rules'}.${program.startsWith('ip6') ? 'v6' : 'v4'}`;
}

/** What the kernel prints of the rules when they are loaded. */
async function printed(rules: Loadable): Promise<FirewallFile[]> {
  await using trial = await TrialMachine.open(machineFor(rules.ruleset));
  for (const { command, text } of rules.load) await trial.run(command, text);
  const files: FirewallFile[] = [];
  for (const { command } of rules.load) {
    const program = command[0]!;
    const print = program === 'nft' ? ['nft', '-n', 'list', 'ruleset'] : [program.replace('restore', 'save')];
    files.push({ name: nameOf(program), text: await trial.run(print) });
  }
  return files;
}

/** Lines that are rules by themselves. */
function rulesIn(lines: readonly string[]): number[] {
  return lines.flatMap((line, at) => {
    const isRule =
      /^\s*-A /.test(line) || /\b(accept|drop|return|reject|jump|mark set|dnat|snat)\b[^{};]*$/.test(line);
    const isWhole = (line.match(/\{/g)?.length ?? 0) === (line.match(/\}/g)?.length ?? 0);
    return isRule && isWhole && !/^\s*(type|chain|table|set|map|elements)\b/.test(line) ? [at] : [];
  });
}

function changed(files: readonly FirewallFile[], change: (lines: string[], rules: number[]) => void) {
  return files.map((file) => {
    const lines = file.text.split('\n');
    const rules = rulesIn(lines);
    if (rules.length > 1) change(lines, rules);
    return { ...file, text: lines.join('\n') };
  });
}

async function pairsOf(rules: Loadable, which: number): Promise<Pair[]> {
  const old = filesOf(rules);
  const without = changed(old, (lines, found) => lines.splice(found[which % found.length]!, 1));
  const exchanged = changed(old, (lines, found) => {
    const at = found.findIndex((line, i) => i >= which % found.length && found[i + 1] === line + 1);
    const line = found[at];
    if (line !== undefined) lines.splice(line, 2, lines[line + 1]!, lines[line]!);
  });
  return [
    { name: `${rules.name}: as printed`, old, now: await printed(rules) },
    { name: `${rules.name}: without a rule`, old, now: without },
    { name: `${rules.name}: two exchanged`, old, now: exchanged },
  ];
}

const side = (files: readonly FirewallFile[]): VerifiedSide => ({
  files,
  ruleset: readFirewallFiles(files).ruleset,
});
const seeds = Array.from({ length: Number(values.random ?? 3) }, (_, i) => i + 1);
const all = [
  ...siteRules(),
  ...seeds.flatMap((seed) => forms.map((form) => randomRulesThatDecide(form, seed))),
].filter(({ name }) => values.only === undefined || name.includes(values.only));
const sums = {
  pairs: 0,
  equal: 0,
  packets: 0,
  claimed: 0,
  confirmed: 0,
  refuted: 0,
  notShown: 0,
  disagreements: 0,
  refused: 0,
};

async function verify({ name, old, now }: Pair, seed: number): Promise<void> {
  const [before, after] = [side(old), side(now)];
  const claim = compareRulesets(before.ruleset, after.ruleset);
  const certain = claim.differences.filter(({ kind }) => kind !== 'may differ');
  const begun = performance.now();
  const found = await verifyComparison(before, after, claim, { packets, seed });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const { differencesConfirmed, differencesRefuted, disagreements, unexpected, notShown, notCompared } =
    found;
  const what = claim.equal === true ? 'equal' : claim.equal === false ? 'different' : 'not known';
  console.log(
    `${what.padEnd(10)}${String(found.packets).padStart(8)} packets (${notCompared} say nothing), ` +
      `${differencesConfirmed} of ${certain.length} differences confirmed, ${differencesRefuted} refuted, ${disagreements} disagree, ${seconds} s  ${name}`,
  );
  for (const { what: one, why: reason } of notShown)
    if (/^(opened|closed|changed)/.test(one)) console.log(`    not shown: ${one}: ${reason}`);
  for (const one of unexpected.slice(0, 3))
    console.log(`    ${JSON.stringify(one, (_key, value) => (value instanceof Set ? [...value] : value))}`);
  sums.pairs++;
  if (claim.equal === true) sums.equal++;
  sums.packets += found.packets;
  sums.claimed += certain.length;
  sums.confirmed += differencesConfirmed;
  sums.refuted += differencesRefuted;
  sums.notShown += certain.length - differencesConfirmed - differencesRefuted;
  sums.disagreements += disagreements;
}

for (const [i, rules] of all.entries()) {
  for (const pair of await pairsOf(rules, i)) {
    if (performance.now() > until) break;
    try {
      await verify(pair, 1000 + i);
    } catch (error) {
      sums.refused++;
      console.log(`refused: ${pair.name}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
}
console.log(
  `\n${sums.pairs} pairs (${sums.equal} equal), ${sums.packets.toLocaleString('en')} packets; ${sums.claimed} differences claimed: ` +
    `${sums.confirmed} confirmed, ${sums.refuted} refuted, ${sums.notShown} not shown; ${sums.disagreements} packets disagree; ${sums.refused} refused by the tool`,
);
process.exitCode = sums.disagreements > 0 ? 1 : 0;
