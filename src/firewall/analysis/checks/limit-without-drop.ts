import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Match, Rule } from '../../ruleset.ts';
import { judgePacket } from '../../simulate.ts';
import type { FirewallCheck } from '../definition.ts';
import { rulesOf, withRules } from '../rules.ts';
import { samplePacket } from '../sample.ts';

/** A limit that accepts what is within it, where what is above is accepted too. */
export const limitWithoutDrop: FirewallCheck = {
  code: 'PKT1223',
  title: 'Limit that limits nothing',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The rule accepts packets up to a rate. What comes faster does not match, goes on to the next rule, and is accepted there or at the
end: the limit changes nothing. \`limit\` is a condition, not a brake.

Drop behind it what it leaves over, or turn it round: \`limit rate over … drop\`, \`-m hashlimit --hashlimit-above … -j DROP\`.`,
  example: {
    bad: 'tcp dport 22 ct state new limit rate 10/minute accept\ntcp dport 22 accept',
    good: 'tcp dport 22 ct state new limit rate over 10/minute drop\ntcp dport 22 accept',
  },
  run(firewall) {
    const { ruleset } = firewall;
    const idle: Rule[] = [];
    for (const { table, chain, rule } of rulesOf(ruleset)) {
      const hook = chain.base?.hook;
      if (rule.target.effect !== 'accept' || chain.base?.nat || !rule.matches.some(isLimit)) continue;
      if (hook !== 'INPUT' && hook !== 'FORWARD' && hook !== 'OUTPUT') continue;
      const packet = samplePacket(rule.matches, table.family, hook);
      if (packet === undefined) continue;
      const without = withRules(
        ruleset,
        chain,
        chain.rules.filter((one) => one !== rule),
      );
      if (judgePacket(without, packet).outcome === 'allow') idle.push(rule);
    }
    const [first, ...others] = idle;
    if (first === undefined) return [];
    return [
      diagnose(limitWithoutDrop, {
        message: 'what comes faster than this limit is accepted further down: the limit changes nothing',
        span: firewall.span(first.at),
        related: others.map(({ at }) => ({ span: firewall.span(at), message: 'here too' })),
        help: 'drop the rest in the next rule, with the same conditions without the limit; or drop above it: `limit rate over 10/minute drop`, `-m hashlimit --hashlimit-above 10/minute --hashlimit-name NAME -j DROP`',
      }),
    ];
  },
};

/** `-m limit --limit 5/min`, `--hashlimit-upto`, `limit rate 5/minute`, but not what holds above a rate. */
function isLimit(match: Match): boolean {
  if (match.kind !== 'opaque') return false;
  return /\blimit rate\b(?! over)|--limit\b|--hashlimit-upto|--hashlimit\s/.test(match.text);
}
