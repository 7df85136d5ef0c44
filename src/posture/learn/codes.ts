import type { Code, CodeDefinition, DiagnosticClass, Severity } from '../../diagnostic/diagnostic.ts';

function learnCode(
  code: Code,
  severity: Severity,
  kind: DiagnosticClass,
  title: string,
  doc: string,
): CodeDefinition {
  return { code, title, class: kind, severity, since: '0.2.0', doc };
}

export const unreadableFlow = learnCode(
  'PKT0460',
  'warning',
  'schema',
  'Flow cannot be read',
  `A line of the recorded flows is no flow as \`picket flows -o jsonl\` prints it: no JSON, or without an address, a
protocol, a port or a state. It was left out, so what it stands for is not in the proposed policies. The first of such
lines are shown, the others counted.

Record the flows again, or repair the line; a file that was cut off ends with half a line.`,
);

export const tooManyFlows = learnCode(
  'PKT0461',
  'error',
  'environment',
  'Too many different connections',
  `The recorded flows hold more different connections than are kept. Policies made of a part of them would cut off the
rest, so none are proposed.

Filter the flows before, e.g. \`picket flows 'ns=shop' -o jsonl\`; a scan in the recording makes thousands of
connections that nobody wants allowed.`,
);

export const unidentifiedFlow = learnCode(
  'PKT0462',
  'warning',
  'provable',
  'End of a flow is not identified',
  `A flow has an end that the manifests do not tell: an address of a pod network that no declared pod has, or a Service
whose pods are not declared. No label says who it is, so no policy can allow it by what it is, and it is not part of the
proposal.

Give Picket the manifests as the cluster has them, with the addresses of pods:
\`kubectl get namespaces,nodes,pods,services,deployments,replicasets -A -o yaml\`, taken at the time of the flows.`,
);

export const unlabelledWorkload = learnCode(
  'PKT0463',
  'warning',
  'provable',
  'Workload without stable labels',
  `The pods of a workload have no label that stays the same from one rollout to the next, so no policy can select them
alone. None is proposed for it, and where it is a peer, all pods of its namespace are allowed.

Give its pod template a label, e.g. \`app.kubernetes.io/name\`.`,
);

export const replayFailed = learnCode(
  'PKT0464',
  'error',
  'provable',
  'Proposed policies do not allow an observed flow',
  `The proposed policies were compiled in place of the existing ones, and every observed connection was judged by them. At
least one that is allowed without any policy is not allowed by the proposal. The proposal is not to be applied.

The message names the connection and the reason. The cause may be in the manifests: Node objects without addresses, or
pods whose labels only a controller knows.`,
);

export const observedButDenied = learnCode(
  'PKT0465',
  'warning',
  'provable',
  'Observed connection is denied today',
  `A connection was observed though the declared controls deny it: they are not in force, or the recording is older than
they are. The proposal allows it all the same, as it allows whatever was observed; an attack that was recorded would be
made lawful.

Look at the connection. When nobody wants it, leave its flows out, e.g. \`picket flows 'not verdict=deny' -o jsonl\`, or
use \`--skip-denied\`.`,
);

/** Codes of learning from flows. */
export const learnCodes: readonly CodeDefinition[] = [
  unreadableFlow,
  tooManyFlows,
  unidentifiedFlow,
  unlabelledWorkload,
  replayFailed,
  observedButDenied,
];
