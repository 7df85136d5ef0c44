import { type Diagnostic, diagnose, type Severity } from '../../../diagnostic/diagnostic.ts';
import type { Range } from '../../../manifest/locations.ts';
import type { FirewallCheck } from '../definition.ts';
import { firewallOwners } from '../owners.ts';
import type { FirewallSubject } from '../subject.ts';
import { type Touch, touches } from '../touches.ts';

/** Commands that take away or change rules which other programs keep. */
export const foreignRulesTouched: FirewallCheck = {
  code: 'PKT1221',
  title: 'Rules of others are changed',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `Container engines, kube-proxy, network plugins and programs that ban attackers keep rules of their own in the same tables, and
reckon with their being there. \`nft flush ruleset\` takes away the tables of all of them, those that iptables-nft made included;
\`iptables -F\` without a chain empties the chains of all, \`-t nat -F\` the translation of Services, published ports and host ports.
Some write them again soon, some at their next start, and host ports of pods not before each pod is started anew.

Keep your rules in a chain or table of your own, and flush or delete that one alone. A rule for containers goes into DOCKER-USER,
which Docker leaves to you.

This is a note where nothing tells that others are on the machine: a file that begins with \`flush ruleset\` is the usual form where
it is the only one that sets rules.`,
  example: {
    bad: 'iptables -F\niptables -t nat -F\nnft flush ruleset',
    good: 'iptables -F EDGE\nnft -f - <<EOF\ntable inet edge\ndelete table inet edge\n…\nEOF',
  },
  run(firewall) {
    const all = [...touches(firewall)];
    const whole = all.filter(({ owner }) => owner === undefined);
    const owned = Map.groupBy(
      all.filter(({ owner }) => owner !== undefined),
      ({ owner }) => owner,
    );
    return [
      ...wholeFinding(firewall, whole),
      ...[...owned].map(([owner, [first, ...others]]) =>
        finding(
          firewall,
          first!.at,
          others,
          `${first!.what} is of ${owner!.name}: ${owner!.whenTouched}`,
          'warning',
          'keep your rules in a chain or table of your own',
        ),
      ),
    ];
  },
};

function wholeFinding(firewall: FirewallSubject, [first, ...others]: readonly Touch[]): Diagnostic[] {
  if (first === undefined) return [];
  const { isClusterNode, others: known } = firewall.machine;
  const whose =
    known.length > 0 ? known.join(', ') : isClusterNode ? 'kube-proxy and the network plugin' : '';
  const cluster = firewallOwners.find(({ name }) => name === 'CNI portmap');
  return [
    finding(
      firewall,
      first.at,
      others,
      whose === ''
        ? `${first.what}, those of container engines, VPNs and programs that ban attackers included`
        : `${first.what}, those of ${whose} included${isClusterNode ? `: ${cluster!.whenTouched}` : ''}`,
      whose === '' ? 'note' : 'warning',
      'keep your rules in a chain or table of your own, and empty that one: `iptables -F EDGE`, or `table inet edge` and `delete table inet edge` at the head of the file',
    ),
  ];
}

function finding(
  firewall: FirewallSubject,
  at: Range,
  others: readonly Touch[],
  message: string,
  severity: Severity,
  help: string,
): Diagnostic {
  return diagnose(foreignRulesTouched, {
    message,
    severity,
    span: firewall.span(at),
    related: others.map((one) => ({ span: firewall.span(one.at), message: one.what })),
    help,
  });
}
