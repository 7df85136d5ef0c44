import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { workloadName } from '../../../segmentation/model.ts';
import { fieldAt } from '../../../segmentation/values.ts';
import type { ContainerFacts } from '../../controls/container-facts.ts';
import type { Check } from '../definition.ts';

/** A DaemonSet on the machines' own network that nothing bounds and nothing watches. */
export const unsizedAgent: Check = {
  code: 'PKT1343',
  title: 'Network agent without resources or readiness',
  class: 'provable',
  severity: 'note',
  since: '0.2.0',
  doc: `A DaemonSet on the host's network runs on each machine and holds a part of its network: firewall, tunnel, proxy. Without
requests and limits its pods are of class BestEffort (Kubernetes, quality of service): the first to be killed when memory is
short. Without a readiness probe a pod counts as ready once it runs, so that a rolling update (the default, one machine after
another) takes a version that cuts machines off to all of them without a stop.

Give each container requests, a limit of memory, and a probe that asks for the effect: \`nft list table …\`, \`wg show wg0\`.
With \`updateStrategy: {type: OnDelete}\` nothing is updated unless somebody deletes the pod; then the probe is not missed.`,
  example: {
    bad: 'containers:\n- name: firewall\n  command: [sh, -ec, …]',
    good: 'containers:\n- name: firewall\n  readinessProbe: {exec: {command: [nft, list, table, inet, edge_firewall]}}\n  resources:\n    requests: {cpu: 5m, memory: 8Mi}\n    limits: {memory: 32Mi}',
  },
  run({ controls }) {
    return controls.containers.flatMap((container) => {
      const { pod, workload, role, resources } = container;
      if (workload.kind !== 'DaemonSet' || !pod.hostNetwork || role === 'init') return [];
      const isSized =
        resources.requests || resources.limits || fieldAt(pod.fields, 'resources') !== undefined;
      const missing = [...(isSized ? [] : [size]), ...(isWatched(container) ? [] : [probe])];
      if (missing.length === 0) return [];
      const listed = (field: keyof Missing, joint: string) => missing.map((one) => one[field]).join(joint);
      return [
        diagnose(unsizedAgent, {
          message: `container ${container.name} of ${workload.kind} ${workloadName(workload)} has ${listed('what', ' and ')}: ${listed('effect', ', and ')}`,
          span: container.at('name'),
          help: `write ${listed('help', ' and ')}`,
        }),
      ];
    });
  },
};

interface Missing {
  readonly what: string;
  readonly effect: string;
  readonly help: string;
}

const size: Missing = {
  what: 'no resources',
  effect: 'it is killed first when memory is short',
  help: '`resources: {requests: {cpu: 5m, memory: 16Mi}, limits: {memory: 64Mi}}`, as measured,',
};
const probe: Missing = {
  what: 'no readiness probe',
  effect: 'an update that cuts machines off goes on to all of them',
  help: '`readinessProbe: {exec: {command: […]}}` that asks for the effect',
};

/** Whether an update waits until the container works, or does not go on by itself. */
function isWatched({ probes, workload }: ContainerFacts): boolean {
  return (
    probes.readiness ||
    probes.startup ||
    fieldAt(workload.source.value, 'spec', 'updateStrategy', 'type') === 'OnDelete'
  );
}
