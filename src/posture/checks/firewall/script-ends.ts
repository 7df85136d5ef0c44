import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { isFirewallProgram, preparing, programOf } from '../../../firewall/script-programs.ts';
import { type ShellStep, splitShell } from '../../../firewall/shell.ts';
import { readFirewalls } from '../../firewalls.ts';
import type { MachineFirewall } from '../../machine-firewall.ts';
import type { Check } from '../definition.ts';

const restarted: ReadonlySet<string> = new Set(['DaemonSet', 'Deployment', 'StatefulSet', 'ReplicaSet']);
/** Programs, beside those that prepare and those that filter, that end by themselves. */
const ending: ReadonlySet<string> = new Set(['exit', 'test', '[', 'kill', 'wg', 'wg-quick', 'hostname']);
const maySleepLong = /\b(?:sleep|wait|tail|exec|while|until|watch|inotifywait|pause|read|cat)\b/;
const day = 86_400;

/** A script that sets a firewall and ends, in a container that is restarted when it ends. */
export const scriptEnds: Check = {
  code: 'PKT1201',
  title: 'Firewall script that ends',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `The pods of a DaemonSet, Deployment or StatefulSet are restarted whenever their container ends, successfully or not
(restartPolicy is always \`Always\`). A script that sets rules and ends is therefore run again and again, with growing pauses
(CrashLoopBackOff): the workload never counts as ready, and each run does everything again.

Set the rules, then wait for the signal to stop, and take them away then. Or do it in an init container, with a main
container that waits.`,
  example: {
    bad: 'command:\n- sh\n- -c\n- |\n  iptables -A INPUT -j DROP',
    good: "command:\n- sh\n- -ec\n- |\n  trap 'nft delete table inet edge; exit 0' TERM INT\n  nft -f /rules/edge.nft\n  while :; do sleep 3600 & wait $!; done",
  },
  run({ controls }) {
    return readFirewalls(controls).flatMap((firewall) => {
      const { container, workload, calls, script } = firewall;
      if (container.role === 'init' || !restarted.has(workload.kind)) return [];
      const ends =
        script === undefined ? isCommand(firewall) : script.phase === 'run' && allEnd(script.text.text);
      const last = calls.at(-1);
      if (!ends || last === undefined) return [];
      return [
        diagnose(scriptEnds, {
          message: `the script ends here: the container ends with it and is restarted for ever, and every run sets the rules again`,
          span: firewall.span(last.at),
          help: "wait after the last line, and clean up at the end: a `trap '…; exit 0' TERM INT` first, `while :; do sleep 3600 & wait $!; done` last",
        }),
      ];
    });

    /** Whether the container's own program is the one that filters: it sets rules and ends. */
    function isCommand({ container }: MachineFirewall): boolean {
      return controls.commands.some(
        ({ container: other, phase, argv }) =>
          other === container && phase === 'run' && isFirewallProgram(programOf(argv[0].value)),
      );
    }
  },
};

/** Whether each step is known to come to an end. */
function allEnd(text: string): boolean {
  return splitShell(text).every(ends);
}

function ends(step: ShellStep): boolean {
  if (step.kind === 'opaque') return !maySleepLong.test(step.text);
  const [first, ...rest] = step.words.map(({ text }) => text);
  if (first === undefined) return true;
  const name = programOf(first);
  if (name === 'sleep')
    return rest.every((time) => /^\d+(?:\.\d+)?s?$/.test(time) && Number.parseFloat(time) < day);
  return preparing.has(name) || ending.has(name) || isFirewallProgram(name);
}
