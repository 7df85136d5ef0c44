import { diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { fieldsOf } from '../../../segmentation/values.ts';
import type { PodFacts, Toleration } from '../../controls/container-facts.ts';
import { readFirewalls } from '../../firewalls.ts';
import type { Check } from '../definition.ts';
import { appendFields, appendItem } from '../yaml-edit.ts';

const taint = 'node-role.kubernetes.io/control-plane';

/** A firewall DaemonSet whose pods control-plane machines refuse. */
export const controlPlaneLeftOut: Check = {
  code: 'PKT1211',
  title: 'Firewall not on control-plane machines',
  class: 'environment',
  severity: 'note',
  since: '0.2.0',
  doc: `Control-plane machines usually carry the taint \`${taint}:NoSchedule\` (kubeadm sets it; K3s
does not unless told), and a DaemonSet without a toleration for it puts no pod there. Then the machines that run the API
server and etcd have no firewall.

Add the toleration, or say with a nodeSelector for which machines the firewall is meant.`,
  example: {
    bad: 'kind: DaemonSet\nspec: {template: {spec: {hostNetwork: true}}}',
    good: `kind: DaemonSet\nspec:\n  template:\n    spec:\n      hostNetwork: true\n      tolerations:\n      - key: ${taint}\n        operator: Exists\n        effect: NoSchedule`,
  },
  run({ controls, manifests }) {
    const pods = new Map(readFirewalls(controls).map((firewall) => [firewall.container.pod, firewall]));
    return [...pods].flatMap(([pod, { workload }]) => {
      if (
        workload.kind !== 'DaemonSet' ||
        isMeantForSome(pod) ||
        pod.tolerations.some(({ value }) => tolerates(value))
      )
        return [];
      const lines = [`key: ${taint}`, 'operator: Exists', 'effect: NoSchedule'];
      const edit =
        pod.tolerations.length > 0
          ? appendItem(manifests.sources, pod.source, [...pod.path, 'tolerations'], lines)
          : appendFields(manifests.sources, pod.source, pod.path, [
              'tolerations:',
              `- ${lines.join('\n  ')}`,
            ]);
      const fix: Fix | undefined = edit && {
        title: 'run on control-plane machines too',
        safe: false,
        edits: [edit],
      };
      return [
        diagnose(controlPlaneLeftOut, {
          message:
            'if control-plane machines are tainted, as by kubeadm, no pod of this runs there: the machines with the API server and etcd have no firewall',
          span:
            pod.tolerations.length > 0 ? pod.keyAt('tolerations') : workload.source.at(['metadata', 'name']),
          help: `add a toleration: \`{key: ${taint}, operator: Exists, effect: NoSchedule}\``,
          ...(fix && { fix }),
        }),
      ];
    });
  },
};

function isMeantForSome({ fields }: PodFacts): boolean {
  const labels = Object.keys(fieldsOf(fields.nodeSelector)).filter((label) => label !== 'kubernetes.io/os');
  return labels.length > 0 || fields.affinity !== undefined || fields.nodeName !== undefined;
}

function tolerates({ key, operator, value, effect }: Toleration): boolean {
  if (effect !== undefined && effect !== '' && effect !== 'NoSchedule') return false;
  if (operator === 'Exists') return key === undefined || key === '' || key === taint;
  return key === taint && (value ?? '') === '';
}
