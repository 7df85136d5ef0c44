import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Resource } from '../../../manifest/resource.ts';
import { ingressNginx, ratePairs } from '../../../product/ingress-nginx.ts';
import { fieldAt } from '../../../segmentation/values.ts';
import { isController, type NginxAnnotation } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { isTrue, settingValue } from './settings.ts';

/** Annotations that limit, or are meant to, and the key for the status that the limit answers with. */
const limits: ReadonlyMap<string, string> = new Map([
  ['limit-rps', 'limit-req-status-code'],
  ['limit-rpm', 'limit-req-status-code'],
  ['limit-connections', 'limit-conn-status-code'],
  ...ratePairs.map(({ count }) => [count, 'limit-req-status-code'] as const),
]);

/** What limits of ingress-nginx count, and what they answer. */
export const limitsPerClient: Check = {
  code: 'PKT1103',
  title: 'What the limits of ingress-nginx count',
  class: 'environment',
  severity: 'note',
  since: '0.2.0',
  doc: `\`limit-rps\`, \`limit-rpm\` and \`limit-connections\` count per client address and in each replica of the controller by
itself: with three replicas a client gets up to three times the limit. What is over it is answered with 503, which
monitoring takes for an outage of the shop; 429 says what happened.

If a load balancer, or a node's address translation, replaces the client's address, all clients are one and share one
limit. Keep the address: \`externalTrafficPolicy: Local\` on the controller's Service, the PROXY protocol
(\`use-proxy-protocol\`), or \`use-forwarded-headers\` with the balancer's own range in \`proxy-real-ip-cidr\`.

Browsers open several connections, and whole companies share an address: a low \`limit-connections\` hits them first. None
of it stops floods of packets: these fill the line before HTTP is spoken.`,
  example: {
    bad: 'nginx.ingress.kubernetes.io/limit-rpm: "100"   # and nothing else',
    good: 'kind: ConfigMap\nmetadata: {name: ingress-nginx-controller, namespace: ingress-nginx}\ndata:\n  limit-req-status-code: "429"\n---\nkind: Service   # of the controller\nspec: {externalTrafficPolicy: Local}',
  },
  run(declared) {
    const found = declared.controls.nginxAnnotations.filter(({ name }) => limits.has(name));
    const [first] = found;
    return first === undefined ? [] : (finding(first, found, declared) ?? []);
  },
};

function finding(
  first: NginxAnnotation,
  found: readonly NginxAnnotation[],
  declared: Declared,
): Diagnostic[] | undefined {
  const keys = [...new Set(found.map(({ name }) => limits.get(name) as string))].filter(
    (key) => settingValue(declared, key) !== '429',
  );
  const keeps = keepsAddresses(declared);
  if (keys.length === 0 && keeps) return undefined;
  const { configMap, limitStatus } = ingressNginx;
  const parts = [
    ...(keys.length === 0 ? [] : [`what exceeds them gets ${limitStatus} unless another status is set`]),
    ...(keeps ? [] : ['all clients count as one if a balancer or node replaces their address']),
  ];
  const settings = keys.map((key) => `\`${key}: "429"\``).join(' and ');
  const help = [
    ...(keys.length === 0 ? [] : [`set ${settings} in ConfigMap ${configMap.namespace}/${configMap.name}`]),
    ...(keeps
      ? []
      : [
          "set `externalTrafficPolicy: Local` on the controller's Service, `use-proxy-protocol`, or `use-forwarded-headers` with `proxy-real-ip-cidr`",
        ]),
  ];
  return [
    diagnose(limitsPerClient, {
      message: `limits count per client and replica, and stop no flood below HTTP; ${parts.join(', ')}`,
      span: first.keySpan,
      help: help.join('; '),
    }),
  ];
}

/** Whether the set shows that the controller sees the clients' own addresses. */
function keepsAddresses(declared: Declared): boolean {
  const told = ['use-proxy-protocol', 'use-forwarded-headers', 'enable-real-ip'];
  if (told.some((name) => isTrue(settingValue(declared, name)))) return true;
  const { controls, inventory } = declared;
  const controllers = controls.containers.filter(isController);
  const ofController = new Set(controllers.map(({ workload }) => workload));
  const ways = inventory.services.filter(
    ({ type, backends, source }) =>
      (type === 'LoadBalancer' || type === 'NodePort') &&
      (backends?.some((one) => ofController.has(one)) ||
        (controllers.length === 0 && selectsController(source))),
  );
  if (ways.length > 0) return ways.every(({ keepsClientAddress }) => keepsClientAddress);
  return (
    controllers.length > 0 &&
    controllers.every(
      ({ pod, ports }) => pod.hostNetwork || ports.some(({ value }) => value.hostPort !== undefined),
    )
  );
}

/** Whether a Service is for a controller installed otherwise: by the label that the project's manifests and chart give. */
function selectsController({ value }: Resource): boolean {
  return fieldAt(value, 'spec', 'selector', 'app.kubernetes.io/name') === 'ingress-nginx';
}
