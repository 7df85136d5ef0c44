import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { preparing, programOf } from '../../../firewall/script-programs.ts';
import { splitShell } from '../../../firewall/shell.ts';
import { lacksProgram } from '../../../product/images.ts';
import { readFirewalls } from '../../firewalls.ts';
import type { MachineFirewall } from '../../machine-firewall.ts';
import type { Check } from '../definition.ts';

/** Commands that put programs into the image, or that use the programs of the machine. */
const brings = /\b(?:apk|apt|apt-get|dnf|microdnf|yum|zypper|nsenter|chroot)\s/;

/** A packet filter whose image has no program to set it. */
export const toolMissing: Check = {
  code: 'PKT1200',
  title: 'Firewall image without its program',
  class: 'product',
  severity: 'error',
  since: '0.2.0',
  doc: `The script calls iptables or nft, and the image is known to have neither: base images of Alpine, BusyBox, Debian and
Ubuntu bring none. Each line fails with "not found" (exit code 127); if the script goes on or ends that way, nothing is
filtered, and the container is restarted for ever.

Use an image that has the program, named by version and digest. Installing it when the container starts
(\`apk add iptables\`) needs the network before the firewall stands, and gets another version each time.`,
  example: {
    bad: 'image: alpine:latest\ncommand: [sh, -c, iptables -A INPUT -j DROP]',
    good: 'image: registry.example.com/iptables:1.8.11@sha256:…\ncommand: [sh, -ec, …]',
  },
  run({ controls }) {
    return readFirewalls(controls).flatMap((firewall) => {
      const { container, calls, script } = firewall;
      const { image } = container;
      const text = script?.text.text ?? '';
      if (image === undefined || brings.test(text) || (script?.wrappers.length ?? 0) > 0) return [];
      const missing = calls.filter(({ program }) => lacksProgram(image.repository, familiar(program)));
      const [first] = missing;
      if (first === undefined) return [];
      const count = missing.length === 1 ? 'the call does' : `the ${missing.length} calls do`;
      const end = endsWithCall(firewall)
        ? ', and the container ends with 127 and is restarted for ever (CrashLoopBackOff)'
        : '';
      return [
        diagnose(toolMissing, {
          message: `${image.text} has no ${first.program}: ${count} nothing, no packet is filtered${end}`,
          span: container.at('image'),
          related: [{ span: firewall.span(first.at), message: 'not found' }],
          help: `use an image that has ${first.program}, by version and digest: \`image: REGISTRY/${familiar(first.program)}:VERSION@sha256:…\``,
        }),
      ];
    });
  },
};

/** `iptables-restore` and `ip6tables-legacy` come with `iptables`. */
function familiar(program: string): string {
  return /^ip6?tables/.test(program) ? 'iptables' : program;
}

/** Whether the outcome of a missing program is that of the container: nothing else is left to run. */
function endsWithCall({ script, calls }: MachineFirewall): boolean {
  if (script === undefined || script.phase !== 'run') return false;
  if (script.errexit) return true;
  const last = splitShell(script.text.text).at(-1);
  if (last?.kind !== 'command') return false;
  const name = programOf(last.words[0]?.text ?? '');
  return !preparing.has(name) && calls.some(({ program }) => program === name);
}
