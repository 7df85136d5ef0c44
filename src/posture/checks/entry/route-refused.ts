import { diagnose, type RelatedSpan } from '../../../diagnostic/diagnostic.ts';
import type { Resource } from '../../../manifest/resource.ts';
import { groupOf, namespaceOf } from '../../../segmentation/workloads.ts';
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
    const gateways = new Map(
      declared.manifests.resources
        .filter(
          (resource) => resource.kind === 'Gateway' && groupOf(resource) === 'gateway.networking.k8s.io',
        )
        .map((resource) => [`${namespaceOf(resource)}/${resource.name}`, resource]),
    );
    return declared.entries.flatMap((entry) =>
      entry.faults
        .filter(({ kind }) => kind === 'refused')
        .map(({ text, span }) =>
          diagnose(routeRefused, {
            message: `${entry.kind} ${entry.name} is not served here: ${text}`,
            span,
            related: gatewayOf(text, gateways),
            help: 'name a listener that takes it, or change `allowedRoutes` or `hostname` of that listener',
          }),
        ),
    );
  },
};

/** The Gateway that the reason is about. */
function gatewayOf(text: string, gateways: ReadonlyMap<string, Resource>): RelatedSpan[] {
  const named = /Gateway (\S+\/\S+) /.exec(text)?.[1];
  const gateway = named === undefined ? undefined : gateways.get(named);
  return gateway === undefined
    ? []
    : [{ span: gateway.keyAt(['spec', 'listeners']), message: 'its listeners' }];
}
