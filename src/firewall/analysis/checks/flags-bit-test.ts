import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import { rulesOf } from '../rules.ts';

/** A rule that means SYN alone, and takes SYN with anything. */
export const flagsBitTest: FirewallCheck = {
  code: 'PKT1229',
  title: 'TCP flag tested among others',
  class: 'product',
  severity: 'note',
  since: '0.2.0',
  doc: `\`tcp flags syn\` asks whether SYN is set, whatever else is: SYN with ACK, the answer to a connection that the machine opens itself,
matches too, and so do SYN with FIN or RST, which scanners send. \`tcp flags { syn }\` and \`tcp flags == syn\` ask whether SYN is the only
flag (nft(8), TCP HEADER EXPRESSION: a flag alone is a test of a bit, in braces it is a value).

A rule that drops by the first drops answers as well. Say which flags count: \`tcp flags & (fin|syn|rst|ack) == syn\`, or ask connection
tracking: \`ct state new\`. To clamp the MSS both packets are meant, and the first is right.`,
  example: { bad: 'tcp flags syn drop', good: 'tcp flags & (fin|syn|rst|ack) == syn drop' },
  run(firewall) {
    const found = [...rulesOf(firewall.ruleset)].filter(
      ({ table, rule }) =>
        table.backend === 'nft' &&
        (rule.target.effect === 'drop' || rule.target.effect === 'accept') &&
        /\btcp flags (?:syn|fin|rst|ack)\s(?!\/|\|)/.test(`${rule.text} `) &&
        !/\bct state\b/.test(rule.text),
    );
    const [first, ...others] = found;
    if (first === undefined) return [];
    const flag = /tcp flags (\w+)/.exec(first.rule.text)?.[1] ?? 'syn';
    return [
      diagnose(flagsBitTest, {
        message: `\`tcp flags ${flag}\` matches every packet with that flag, whatever flags stand beside it${flag === 'syn' ? ': the SYN and ACK that answers this machine too' : ''}`,
        span: firewall.span(first.rule.at),
        related: others.map(({ rule }) => ({ span: firewall.span(rule.at), message: 'here too' })),
        help: `if ${flag} alone is meant: \`tcp flags & (fin|syn|rst|ack) == ${flag}\``,
      }),
    ];
  },
};
