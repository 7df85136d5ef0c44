import { type Diagnostic, diagnose, type TextEdit } from '../../../diagnostic/diagnostic.ts';
import { workloadName } from '../../../segmentation/model.ts';
import { fieldAt } from '../../../segmentation/values.ts';
import type { ContainerFacts } from '../../controls/container-facts.ts';
import { readFirewalls } from '../../firewalls.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { removeLines, replaceField } from '../yaml-edit.ts';

/** What a container with network capabilities alone cannot do, as it shows in a script. */
const needsMore =
  /\b(?:sysctl|modprobe|insmod|mount|umount|nsenter|chroot|unshare|bpftool)\b|\/proc\/(?:sys|1)\b|\/sys\//;
/** What looks at the processes of the machine. */
const seesProcesses = /\b(?:ps|pidof|pgrep|pkill|kill|killall)\b|\/proc\//;

/** `privileged: true` where capabilities suffice. */
export const privilegedNeedless: Check = {
  code: 'PKT1340',
  title: 'Privileged where capabilities suffice',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `\`privileged: true\` gives a container every capability and every device, and takes away seccomp, AppArmor and the read-only
parts of /proc and /sys (Kubernetes, security context): whoever gets into it owns the machine. A list of capabilities beside
it changes nothing, since all are there.

Told where the manifest shows that less is enough: the container lists the capabilities that it needs, or its script sets a
packet filter and does nothing else to the machine. Setting packet filters, addresses, routes and WireGuard on the host's
network takes \`hostNetwork\` and NET_ADMIN (iptables with the legacy backend NET_RAW too); \`hostPID\` is needed only to see
or signal processes of the machine. Scripts that write sysctls, load modules or enter other namespaces are left out.`,
  example: {
    bad: 'securityContext:\n  privileged: true',
    good: 'securityContext:\n  allowPrivilegeEscalation: false\n  capabilities:\n    drop: [ALL]\n    add: [NET_ADMIN, NET_RAW]',
  },
  run(declared) {
    const filtering = new Map(readFirewalls(declared.controls).map((one) => [one.container, one.calls]));
    return declared.controls.containers.flatMap((container) => {
      if (!container.security.privileged) return [];
      const added = container.security.addedCapabilities.map(({ value }) => value);
      if (added.length > 0) return [listed(declared, container, added)];
      const calls = filtering.get(container);
      const texts = textsOf(declared, container);
      if (calls === undefined || texts.some((text) => needsMore.test(text))) return [];
      const programs = new Set(calls.map(({ program }) => program));
      return [filtersAlone(declared, container, [...programs], texts)];
    });
  },
};

/** What the container runs, as far as it can be read. */
function textsOf({ controls }: Declared, container: ContainerFacts): string[] {
  const scripts = controls.scripts.filter((script) => script.container === container);
  return [...scripts.map(({ text }) => text.text), container.argv.map(({ value }) => value).join(' ')];
}

function listed({ manifests }: Declared, container: ContainerFacts, added: readonly string[]): Diagnostic {
  const key = container.keyAt('securityContext', 'privileged');
  const kept = added.filter((name) => name !== 'SYS_MODULE');
  const edit = removeLines(manifests.sources, key, container.at('securityContext', 'privileged'));
  return diagnose(privilegedNeedless, {
    message: `container ${nameOf(container)} has every capability and every device of the machine: beside \`privileged: true\` its list (${added.join(', ')}) means nothing`,
    span: key,
    related: [{ span: container.keyAt('securityContext', 'capabilities'), message: 'all are given already' }],
    help: `take out \`privileged: true\` and keep \`add: [${(kept.length > 0 ? kept : added).join(', ')}]\``,
    ...(edit && { fix: { title: 'take out `privileged`', safe: false, edits: [edit] } }),
  });
}

function filtersAlone(
  { manifests }: Declared,
  container: ContainerFacts,
  programs: readonly string[],
  texts: readonly string[],
): Diagnostic {
  const { pod } = container;
  const key = container.keyAt('securityContext', 'privileged');
  const value = container.at('securityContext', 'privileged');
  const needed = programs.every((program) => program === 'nft') ? 'NET_ADMIN' : 'NET_ADMIN, NET_RAW';
  const isPidNeedless = pod.hostPID && !texts.some((text) => seesProcesses.test(text));
  const edits = [
    hasCapabilities(container)
      ? undefined
      : replaceField(manifests.sources, key, value, ['capabilities:', '  drop: [ALL]', `  add: [${needed}]`]),
    isPidNeedless && removeLines(manifests.sources, pod.keyAt('hostPID'), pod.at('hostPID')),
  ];
  return diagnose(privilegedNeedless, {
    message: `container ${nameOf(container)} owns the machine and only sets its packet filter: \`privileged\`${isPidNeedless ? ' and `hostPID` are' : ' is'} needless`,
    span: key,
    ...(isPidNeedless && {
      related: [{ span: pod.keyAt('hostPID'), message: 'nothing here looks at processes of the machine' }],
    }),
    help: `write \`capabilities: {drop: [ALL], add: [${needed}]}\` in place of \`privileged: true\`${isPidNeedless ? ', and take out `hostPID`' : ''}`,
    ...(edits[0] && {
      fix: {
        title: 'give the capabilities alone',
        safe: false,
        edits: edits.filter((edit): edit is TextEdit => Boolean(edit)),
      },
    }),
  });
}

function hasCapabilities({ fields }: ContainerFacts): boolean {
  return fieldAt(fields, 'securityContext', 'capabilities') !== undefined;
}

function nameOf({ name, workload }: ContainerFacts): string {
  return `${name} of ${workload.kind} ${workloadName(workload)}`;
}
