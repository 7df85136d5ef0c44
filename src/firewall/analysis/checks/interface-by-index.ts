import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';
import { rulesOf } from '../rules.ts';

/** A rule of nft that asks for the number of an interface. */
export const interfaceByIndex: FirewallCheck = {
  code: 'PKT1228',
  title: 'Interface asked for by its number',
  class: 'product',
  severity: 'note',
  since: '0.2.0',
  doc: `\`iif\` and \`oif\` compare the number that the interface has, which is looked up when the rule is loaded (nft(8), META EXPRESSIONS). An
interface that is not there yet makes nft refuse the whole file; one that is deleted and made again (a tunnel, a bridge, a USB
modem, any veth) has another number then, and the rule matches nothing any more, or another interface.

\`iifname\` and \`oifname\` compare the name, which need not exist, and may end in \`*\`. \`lo\` always has the number 1.`,
  example: { bad: 'iif "wg0" accept', good: 'iifname "wg0" accept' },
  run(firewall) {
    const found = [...rulesOf(firewall.ruleset)].flatMap(({ table, rule }) => {
      const [, word, name] =
        table.backend === 'nft' ? (/\b([io]if) (?:!= )?"?([\w.@-]+)"?/.exec(rule.text) ?? []) : [];
      return word === undefined || name === undefined || notNames.test(name) ? [] : [{ rule, word, name }];
    });
    const [first, ...others] = found;
    if (first === undefined) return [];
    return [
      diagnose(interfaceByIndex, {
        message: `${first.word} asks for the number that ${first.name} has when the rule is loaded: without ${first.name} the file is refused, and made again it has another number`,
        span: firewall.span(first.rule.at),
        related: others.map(({ rule }) => ({ span: firewall.span(rule.at), message: 'here too' })),
        help: `ask for the name: \`${first.word}name "${first.name}"\``,
      }),
    ];
  },
};

/** Loopback is always number 1; a map, a set and a concatenation name no interface here. */
const notNames = /^(?:lo|vmap|map|\.|@.*)$/;
