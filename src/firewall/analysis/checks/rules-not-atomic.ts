import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Ruleset } from '../../ruleset.ts';
import type { FirewallCheck } from '../definition.ts';
import type { FirewallSubject } from '../subject.ts';

/** Rules that are set one command at a time, so that a failure leaves some of them. */
export const rulesNotAtomic: FirewallCheck = {
  code: 'PKT1206',
  title: 'Rules set one by one',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `Each call of iptables (or \`nft add …\`) changes the kernel by itself. Without \`set -e\` a call that fails is passed over, and
a rule that drops comes into force without the rules that accept: the machine may lock everybody out. Calls do fail:
without \`-w\`, iptables gives up when another program holds its lock, and kube-proxy and network plugins hold it often.
Between the first call and the last the machine is neither open nor closed.

Put the rules into one \`iptables-restore\` or one \`nft -f\`: all of them, or none. If calls must be, begin with \`set -e\`
and give each of them \`-w\`.`,
  example: {
    bad: 'sh -c "iptables -A INPUT -p tcp --dport 22 -j ACCEPT; iptables -A INPUT -j DROP"',
    good: "iptables-restore -w --noflush <<'EOF'\n*filter\n:EDGE - [0:0]\n-A EDGE -p tcp --dport 22 -j ACCEPT\n-A EDGE -j DROP\nCOMMIT\nEOF",
  },
  run(firewall) {
    const { script, calls } = firewall;
    const single = calls.filter((call) => changesOneRule(firewall, call));
    const [first, second] = single;
    if (script === undefined || first === undefined || second === undefined || !drops(firewall.ruleset))
      return [];
    const unlocked = single.filter(({ program, at }) => /tables/.test(program) && !waits(firewall.text(at)));
    if (script.errexit && unlocked.length === 0) return [];
    const why = unlocked.length > 0 ? ', as without `-w` each does while kube-proxy holds the lock' : '';
    const then = script.errexit
      ? 'the script ends there and leaves half of the rules'
      : 'the script goes on without `set -e`, and the DROP stands without its ACCEPT';
    return [
      diagnose(rulesNotAtomic, {
        message: `these ${single.length} commands are no unit: if one fails${why}, ${then}`,
        severity: script.errexit ? 'note' : 'warning',
        span: firewall.span(first.at),
        help: "put the rules into one `iptables-restore -w --noflush <<'EOF'` or one `nft -f - <<'EOF'`; or begin with `set -e` and give each call `-w`",
      }),
    ];
  },
};

function changesOneRule(
  firewall: FirewallSubject,
  { program, at }: FirewallSubject['calls'][number],
): boolean {
  const text = firewall.text(at);
  if (/^ip6?tables(?:-nft|-legacy)?$/.test(program))
    return /\s(?:-[AIRDP]|--(?:append|insert|policy))\s/.test(text);
  return program === 'nft' && /\s(?:add|insert|create)\s/.test(text);
}

/** Also in a group of short options, or with the seconds behind it. */
function waits(text: string): boolean {
  return /\s(?:-w\d*|--wait)(?=[\s=]|$)/.test(text);
}

function drops({ tables }: Ruleset): boolean {
  return tables.some(({ chains }) =>
    [...chains.values()].some(
      ({ policy, rules }) =>
        policy?.effect === 'drop' || rules.some(({ target }) => target.effect === 'drop'),
    ),
  );
}
