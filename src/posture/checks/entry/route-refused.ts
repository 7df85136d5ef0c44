import { diagnose, type RelatedSpan } from '../../../diagnostic/diagnostic.ts';
import type { Entry } from '../../../segmentation/entry/model.ts';
import { groupOf, namespaceOf } from '../../../segmentation/workloads.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';

/** A route that the Gateway it names does not take. */
export const routeRefused: Check = {
  code: 'PKT1088',
  title: 'Route that its Gateway does not take',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `A Gateway's listener takes the routes of its own namespace unless \`allowedRoutes.namespaces\` says more, only kinds that its
protocol carries and \`allowedRoutes.kinds\` lists, and only host names that its \`hostname\` covers. The route names a
listener that does not take it for one of these reasons, or that the Gateway does not have. It is not served there.`,
  example: {
    bad: '# Gateway infra/edge, no allowedRoutes\nkind: HTTPRoute\nmetadata: {namespace: shop}\nspec: {parentRefs: [{name: edge, namespace: infra}]}',
    good: 'kind: Gateway\nspec:\n  listeners:\n  - name: https\n    allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: shop}}}}',
  },
  run(declared) {
    return declared.entries.flatMap((entry) =>
      entry.faults
        .filter(({ kind }) => kind === 'refused')
        .map(({ text, span }) =>
          diagnose(routeRefused, {
            message: `${entry.kind} ${entry.name} is not served here: ${text}`,
            span,
            related: gatewayOf(text, entry, declared),
            help: 'name a listener that takes it, or change `allowedRoutes` or `hostname` of that listener',
          }),
        ),
    );
  },
};

/** The Gateway that the reason is about. */
function gatewayOf(text: string, entry: Entry, { manifests }: Declared): RelatedSpan[] {
  const named = /Gateway (\S+)\/(\S+) /.exec(text);
  const gateway = manifests.resources.findLast(
    (resource) =>
      resource.kind === 'Gateway' &&
      groupOf(resource) === 'gateway.networking.k8s.io' &&
      namespaceOf(resource) === named?.[1] &&
      resource.name === named?.[2],
  );
  if (gateway === undefined || gateway === entry.source) return [];
  return [{ span: gateway.keyAt(['spec', 'listeners']), message: 'its listeners' }];
}
