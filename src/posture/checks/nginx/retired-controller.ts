import { diagnose, type Span } from '../../../diagnostic/diagnostic.ts';
import { ingressNginx } from '../../../product/ingress-nginx.ts';
import { fieldAt } from '../../../segmentation/values.ts';
import { isController } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { settingsOf } from './settings.ts';

/** Manifests for a controller that nobody maintains any more. */
export const retiredController: Check = {
  code: 'PKT1104',
  title: 'ingress-nginx is retired',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `The Kubernetes project ended the maintenance of ingress-nginx in ${ingressNginx.retired}; ${ingressNginx.latest} is the last release. It runs on, but
no fix comes for the next hole in the program that faces the internet and can read the cluster's TLS keys.

Move to an implementation of the Gateway API: a Gateway for the listeners and certificates, an HTTPRoute for each Ingress.
Other controllers for Ingresses are maintained, too. Told once for a set of manifests.`,
  example: {
    bad: 'kind: Ingress\nspec: {ingressClassName: nginx}',
    good: 'kind: HTTPRoute\nspec:\n  parentRefs: [{name: edge}]',
  },
  run(declared) {
    const span = firstUse(declared);
    if (span === undefined) return [];
    const { latest, retired } = ingressNginx;
    return [
      diagnose(retiredController, {
        message: `ingress-nginx is retired: no security fix comes after ${latest}, maintenance ended in ${retired}`,
        span,
        help: 'move to an implementation of the Gateway API: a Gateway with the listeners, an HTTPRoute in place of each Ingress; then delete what is for ingress-nginx alone: controller, IngressClass, ConfigMap',
      }),
    ];
  },
};

/** The controller itself rather than what is written for it. */
function firstUse(declared: Declared): Span | undefined {
  const { controls, entries, manifests } = declared;
  const container = controls.containers.find(isController);
  if (container !== undefined) return container.at('image');
  const ofClass = manifests.resources.find(
    ({ kind, value }) =>
      kind === 'IngressClass' && fieldAt(value, 'spec', 'controller') === ingressNginx.controllerName,
  );
  if (ofClass !== undefined) return ofClass.at(['spec', 'controller']);
  const annotated = controls.nginxAnnotations[0]?.ingress;
  const served = entries.find(
    ({ kind, proxy, source }) =>
      kind === 'Ingress' && (proxy?.controller === ingressNginx.controllerName || source === annotated),
  );
  return served?.span ?? settingsOf(declared)[0]?.object.source.at(['metadata', 'name']);
}
