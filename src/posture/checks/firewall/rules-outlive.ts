import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { isFirewallProgram, programOf } from '../../../firewall/script-programs.ts';
import { splitShell } from '../../../firewall/shell.ts';
import type { PodFacts } from '../../controls/container-facts.ts';
import { readFirewalls } from '../../firewalls.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';

const program = /\b(?:ip6?tables|nft|wg-quick)/;

/** Rules that stay on the machine when the workload is gone. */
export const rulesOutlive: Check = {
  code: 'PKT1213',
  title: 'Rules outlive their workload',
  class: 'environment',
  severity: 'note',
  since: '0.2.0',
  doc: `Rules in the kernel stay until someone deletes them or the machine restarts. Nothing here takes them away when the pod ends:
there is no \`trap\` in the script and no preStop hook. Deleting the DaemonSet, or a mistake in it, leaves each machine with the
last rules, and the way to mend it may be closed by them.

Delete your own chain or table on TERM (\`trap\`) or in a preStop hook; let the rules stay on purpose only where the machine must
be closed while the pod is away.`,
  example: {
    bad: 'iptables -A INPUT -j DROP\nsleep infinity',
    good: "trap 'iptables -D INPUT -j EDGE; exit 0' TERM INT\niptables -I INPUT -j EDGE\nwhile :; do sleep 3600 & wait $!; done",
  },
  run(declared) {
    const seen = new Set<PodFacts>();
    return readFirewalls(declared.controls).flatMap((firewall) => {
      const { container, calls, script } = firewall;
      const last = calls.at(-1);
      // Hooks of WireGuard are undone by PreDown and PostDown, which is said of them.
      if (script === undefined || last === undefined || seen.has(container.pod)) return [];
      seen.add(container.pod);
      if (cleansUp(container.pod, declared)) return [];
      return [
        diagnose(rulesOutlive, {
          message: `if ${firewall.name} is deleted, its rules stay on every machine: nothing takes them away`,
          span: firewall.span(last.at),
          help: "begin the script with `trap '…; exit 0' TERM INT` that deletes your own chain or table (`iptables -D INPUT -j EDGE`, `nft delete table inet edge`), or do so in `lifecycle.preStop`",
        }),
      ];
    });
  },
};

/** Whether something of the pod changes packet filters when it ends. */
function cleansUp(pod: PodFacts, { controls: { scripts, commands } }: Declared): boolean {
  const ofPod = scripts.filter(({ container }) => container.pod === pod);
  return (
    commands.some(
      ({ container, phase, argv }) =>
        container.pod === pod && phase === 'preStop' && isFirewallProgram(programOf(argv[0].value)),
    ) || ofPod.some(({ phase, text }) => (phase === 'preStop' ? program.test(text.text) : traps(text.text)))
  );
}

/** A trap that names a function may call anything. */
function traps(text: string): boolean {
  return splitShell(text).some((step) => {
    if (step.kind === 'opaque') return /\btrap\b/.test(step.text);
    const [name, what] = step.words;
    return (
      name?.text === 'trap' && what !== undefined && (program.test(what.text) || /^[\w-]+$/.test(what.text))
    );
  });
}
