import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { workloadName } from '../../../segmentation/model.ts';
import type { Check } from '../definition.ts';
import { enforcedLevel, enforceLabel, violations } from './pod-security.ts';

/** How many fields a message names. */
const shown = 3;

/** Pods that the Pod Security level of their namespace refuses. */
export const refusedByLevel: Check = {
  code: 'PKT1345',
  title: 'Pods that their namespace refuses',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `The label \`${enforceLabel}\` of a namespace makes the API server refuse pods that the level forbids
(Kubernetes, Pod Security Standards). The workload itself is accepted and stays at zero pods, with the reason in its events
only: a firewall, a sensor or a tunnel that is declared and never runs.

\`baseline\` forbids the host's namespaces, ports and paths, privileged containers, most added capabilities, unsafe sysctls
and unconfined seccomp; \`restricted\` demands an unprivileged user, no escalation, all capabilities dropped and a seccomp
profile besides. Versions by label, AppArmor, SELinux and Windows pods are not looked at.`,
  example: {
    bad: `kind: Namespace\nmetadata: {name: vpn, labels: {${enforceLabel}: baseline}}\n---\nkind: DaemonSet\nmetadata: {name: wireguard, namespace: vpn}\nspec: {template: {spec: {hostNetwork: true}}}`,
    good: `kind: Namespace\nmetadata: {name: vpn, labels: {${enforceLabel}: privileged}}`,
  },
  run({ controls }) {
    return controls.pods.flatMap((pod) => {
      const { workload } = pod;
      const level = enforcedLevel(workload.namespace);
      if (level === undefined || level === 'privileged' || workload.finished) return [];
      const [first, ...others] = violations(pod, level);
      if (first === undefined) return [];
      const texts = [first, ...others].map(({ text }) => text);
      const more = texts.length > shown ? ` and ${texts.length - shown} more` : '';
      return [
        diagnose(refusedByLevel, {
          message: `no pod of ${workload.kind} ${workloadName(workload)} starts: namespace ${workload.namespace.name} refuses what is not ${level} (${texts.slice(0, shown).join(', ')}${more})`,
          span: pod.keyAt(...first.path),
          related: others.map(({ text, path }) => ({ span: pod.keyAt(...path), message: text })),
          help: `take these out, or move the workload to a namespace of its own with the label \`${enforceLabel}: privileged\``,
        }),
      ];
    });
  },
};
