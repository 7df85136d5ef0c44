import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { readFirewalls } from '../../firewalls.ts';
import type { Check } from '../definition.ts';

const either = /^ip6?tables(?:-restore|-save)?$/;

/** Rules set by an iptables of the image, whose backend may not be that of the machine. */
export const otherBackend: Check = {
  code: 'PKT1212',
  title: 'Backend of iptables not said',
  class: 'environment',
  severity: 'note',
  since: '0.2.0',
  doc: `There are two programs named iptables: one writes the old tables of the kernel (legacy), one writes nf_tables. Which one an
image has may differ from what the machine, kube-proxy and the network plugin use. The kernel applies both sets of rules,
neither tool shows those of the other, and the order between the two is nobody's plan: a packet that one accepts may be dropped
by the other.

Call \`iptables-nft\` or \`iptables-legacy\`, whichever \`iptables -V\` names on the machine, or use nft with a table of your own.`,
  example: {
    bad: 'iptables -A INPUT -j DROP',
    good: 'iptables-nft -A INPUT -j DROP',
  },
  run({ controls }) {
    return readFirewalls(controls).flatMap((firewall) => {
      const { calls, script } = firewall;
      const call = calls.find(({ program }) => either.test(program));
      // By nsenter or chroot the machine's own program runs; an image may come with a wrapper that looks which one it is.
      const isMachines = /\b(?:nsenter|chroot|iptables-wrapper|update-alternatives|IPTABLES_MODE)\b/.test(
        script?.text.text ?? '',
      );
      if (call === undefined || isMachines || (script?.wrappers.length ?? 0) > 0) return [];
      return [
        diagnose(otherBackend, {
          message:
            'if the image has the other backend of iptables (nf_tables or legacy) than the machine, these rules stand in tables that its own tools do not show',
          span: firewall.span(call.at),
          help: 'call `iptables-nft` or `iptables-legacy`, whichever `iptables -V` names on the machine; or `nft -f` with a table of your own',
        }),
      ];
    });
  },
};
