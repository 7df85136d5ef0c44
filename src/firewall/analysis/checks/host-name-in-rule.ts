import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Match } from '../../ruleset.ts';
import type { FirewallCheck } from '../definition.ts';
import { rulesOf } from '../rules.ts';

/** A rule that names a host. */
export const hostNameInRule: FirewallCheck = {
  code: 'PKT1227',
  title: 'Host name in a rule',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `The kernel knows addresses only. iptables and nft look the name up once, when the rule is set, and put in what they get: when the
address changes, the rule stays as it is, and whoever has the old address then is let in. While the machine starts, names cannot be
looked up yet, or must not (before the filter stands), and then the whole file is refused: the machine starts without a filter.

Write the address. If it changes, use a set that a program fills.`,
  example: {
    bad: 'iptables -A INPUT -s admin.example.com -p tcp --dport 22 -j ACCEPT',
    good: 'iptables -A INPUT -s 203.0.113.7 -p tcp --dport 22 -j ACCEPT',
  },
  run(firewall) {
    const found = [...rulesOf(firewall.ruleset)].flatMap(({ rule }) => {
      const name = rule.matches.map(nameIn).find((one) => one !== undefined);
      return name === undefined ? [] : [{ rule, name }];
    });
    const [first, ...others] = found;
    if (first === undefined) return [];
    return [
      diagnose(hostNameInRule, {
        message: `${first.name} is looked up once, when the rule is set: later changes of its address have no effect, and without name service the rules are refused`,
        span: firewall.span(first.rule.at),
        related: others.map(({ rule, name }) => ({ span: firewall.span(rule.at), message: `${name} here` })),
        help: 'write its address, or a set that a program fills',
      }),
    ];
  },
};

/** The name that a condition about an address asks for. */
function nameIn(match: Match): string | undefined {
  if (match.kind !== 'opaque') return undefined;
  const [, value] =
    /^(?:! )?(?:-[sd]|--(?:source|src|destination|dst)|ip6? [sd]addr) (?:!= )?(\S+)$/.exec(match.text) ?? [];
  return value !== undefined &&
    /^[a-z][a-z\d-]*(?:\.[a-z\d-]+)+(?:\/\d+)?$/i.test(value) &&
    !/^[\d.:a-f/]+$/i.test(value)
    ? value
    : undefined;
}
