import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Selector } from '../../../segmentation/label-selector.ts';
import { selectorText } from '../../../segmentation/label-selector.ts';
import type { Service, Workload } from '../../../segmentation/model.ts';
import { fieldAt, stringsOf } from '../../../segmentation/values.ts';
import type { Check } from '../definition.ts';
import { labelsText, nearestLabel } from '../network-policy/labels.ts';
import { lostTargets } from './targets.ts';

/** A way in to a Service that selects none of the pods beside it. */
export const backendWithoutPods: Check = {
  code: 'PKT1086',
  title: 'Way in to a Service without pods',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The Service that a way in leads to selects none of the pods that its namespace declares. Unless pods with these labels come
from elsewhere, the Service has no endpoints and requests get no answer.

The \`selector\` of a Service must equal labels of the pods (\`template.metadata.labels\` of a Deployment), not those of the
Deployment itself.`,
  example: {
    bad: 'kind: Service\nspec: {selector: {app: web}}   # pods: app: website',
    good: 'kind: Service\nspec: {selector: {app: website}}',
  },
  run(declared) {
    const services = new Map(
      lostTargets(declared, 'no-pods').flatMap(({ target, entry }) =>
        target.service === undefined ? [] : [[target.service, entry.text] as const],
      ),
    );
    const beside = Map.groupBy(declared.inventory.workloads, ({ namespace }) => namespace.name);
    // Where no pods are declared at all, they are declared elsewhere.
    return [...services].flatMap(([service, by]) => {
      const workloads = beside.get(service.namespace);
      return workloads === undefined ? [] : [finding(service, by, workloads)];
    });
  },
};

function finding(service: Service, by: string, beside: readonly Workload[]): Diagnostic {
  const { source, namespace, name } = service;
  const selector: Selector = [...stringsOf(fieldAt(source.value, 'spec', 'selector'))].map(
    ([key, value]) => ({ key, operator: 'In', values: new Set([value]) }),
  );
  const labels = beside.map((workload) => workload.labels);
  const near = nearestLabel(selector, labels);
  const exist = labelsText(labels, 4);
  return diagnose(backendWithoutPods, {
    message: `${by} leads nowhere: no pod of ${namespace} has \`${selectorText(selector)}\`, which Service ${name} selects`,
    span: source.at(['spec', 'selector']),
    help: near ? `write \`${near.meant.replace('=', ': ')}\`` : `select labels that pods have: ${exist}`,
  });
}
