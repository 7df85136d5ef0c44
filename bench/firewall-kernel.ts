/**
 * Holds the simulation against the kernel: node bench/firewall-kernel.ts [--packets N] [--random N] [--skip N] [--only TEXT] [--quick]. Sends
 * packets through rules of sites, random rules of nft and both iptables, and dumps where they are at hand, in network
 * namespaces of its own; prints what became of them, how many the simulation did not know, and every difference. Needs
 * root. Exits 1 on a difference.
 */
import { parseArgs } from 'node:util';
import { dumpRules } from '../src/firewall/machine/dump-rules.fixture.ts';
import { judgeByKernel, type Loadable } from '../src/firewall/machine/judge.fixture.ts';
import { cannotJudge } from '../src/firewall/machine/kernel.fixture.ts';
import { forms, randomRulesThatDecide } from '../src/firewall/machine/random-rules.fixture.ts';
import { siteRules } from '../src/firewall/machine/site-rules.fixture.ts';

const { values } = parseArgs({
  options: {
    packets: { type: 'string' },
    random: { type: 'string' },
    skip: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean' },
  },
});
const packets = Number(values.packets ?? (values.quick ? 500 : 100_000));
const seeds = Array.from({ length: Number(values.random ?? (values.quick ? 1 : 7)) }, (_, i) => i + 1);
if (cannotJudge !== undefined) {
  console.log(`the kernel cannot be asked: ${cannotJudge}`);
  process.exit(0);
}

// The seed of the traffic goes by the place in the whole list: part of the list shows the same.
const all: readonly { readonly rules: Loadable; readonly seed: number }[] = [
  ...siteRules(),
  ...seeds.flatMap((seed) => forms.map((form) => randomRulesThatDecide(form, seed))),
  ...(values.quick ? [] : dumpRules()),
]
  .map((rules, i) => ({ rules, seed: 1000 + i }))
  .filter(({ rules: { name } }, i) => i >= Number(values.skip ?? 0) && name.includes(values.only ?? ''));
const sums = { rulesets: 0, packets: 0, unknown: 0, differences: 0, refused: 0, seconds: 0 };
console.log('   packets   dropped delivered forwarded  unknown  differ  seconds  rules');
for (const { rules, seed } of all) {
  const begun = performance.now();
  try {
    const judged = await judgeByKernel(rules, packets, seed);
    const { dropped, delivered, forwarded, unknown, differences, reasons } = judged;
    const seconds = (performance.now() - begun) / 1000;
    const cells = [judged.packets, dropped, delivered, forwarded, unknown, differences.length];
    const widths = [10, 10, 10, 10, 9, 8];
    const line = cells.map((cell, column) => String(cell).padStart(widths[column]!)).join('');
    console.log(`${line}${seconds.toFixed(1).padStart(9)}  ${rules.name}`);
    for (const [why, count] of reasons)
      console.log(`${''.padStart(40)}${String(count).padStart(9)}  unknown: ${why}`);
    for (const { number, what, history } of differences.slice(0, 3))
      console.log(`  packet ${number}: ${what}\n    ${history.join('\n    ')}`);
    sums.rulesets++;
    sums.packets += judged.packets;
    sums.unknown += unknown;
    sums.differences += differences.length;
    sums.seconds += seconds;
  } catch (error) {
    sums.refused++;
    const { message } = error as Error;
    console.log(`${'refused'.padStart(10)}  ${rules.name}: ${message.trim().split('\n')[0]}`);
  }
}
const share = ((100 * sums.unknown) / Math.max(1, sums.packets)).toFixed(3);
console.log(
  `\n${sums.rulesets} rulesets, ${sums.packets.toLocaleString('en')} packets, ${sums.differences} differences, ` +
    `${sums.unknown} unknown (${share} %), ${sums.refused} refused by the tool, ${sums.seconds.toFixed(0)} s`,
);
process.exitCode = sums.differences > 0 ? 1 : 0;
