import { labelKeyProblem, labelValueProblem } from '../../manifest/kinds/syntax.ts';
import { type Labels, matches } from '../../segmentation/label-selector.ts';
import type { Workload } from '../../segmentation/model.ts';
import { Ternary } from '../../segmentation/ternary.ts';

/** Labels that name what runs, the best first (kubernetes.io/docs/concepts/overview/working-with-objects/common-labels). */
const preferred: readonly string[] = [
  'app.kubernetes.io/name',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/component',
  'k8s-app',
  'app',
  'component',
  'tier',
  'role',
  'name',
];

/** Labels that change from one rollout, pod or chart version to the next. */
const unstable: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-completion-index',
  'batch.kubernetes.io/job-name',
  'job-name',
  'app.kubernetes.io/version',
  'app.kubernetes.io/managed-by',
  'helm.sh/chart',
  'chart',
  'heritage',
  'version',
  'service.istio.io/canonical-revision',
  'deployment',
  'deploymentconfig',
]);

/**
 * Returns the fewest labels by which a selector finds the pods of the workload among those of its namespace, taken in
 * a fixed order; all stable ones where even they do not tell it from others. Empty when it has no stable label.
 */
export function selectingLabels(
  workload: Workload,
  workloads: readonly Workload[],
): ReadonlyMap<string, string> {
  const others = workloads.filter(
    (other) => other !== workload && other.namespace === workload.namespace && !other.hostNetwork,
  );
  const stable = stableLabels(workload.labels);
  const chosen = new Map<string, string>();
  let confused = others;
  for (const [key, value] of stable) {
    const left = confused.filter((other) => mayHave(other.labels, key, value));
    if (chosen.size > 0 && left.length === confused.length) continue;
    chosen.set(key, value);
    confused = left;
    if (confused.length === 0) break;
  }
  return chosen;
}

function stableLabels({ known }: Labels): [string, string][] {
  const rank = (key: string) => (preferred.includes(key) ? preferred.indexOf(key) : preferred.length);
  return [...known]
    .filter(([key, value]) => !unstable.has(key) && isLabel(key, value))
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** Whether the API server takes it: what it refuses is on no pod. */
function isLabel(key: string, value: string): boolean {
  return labelKeyProblem(key) === undefined && labelValueProblem(value) === undefined;
}

function mayHave(labels: Labels, key: string, value: string): boolean {
  return matches([{ key, operator: 'In', values: new Set([value]) }], labels) !== Ternary.No;
}
