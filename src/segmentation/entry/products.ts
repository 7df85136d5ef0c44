/** A program that serves Ingresses, Gateways or Routes, and how its own pods are known. */
export interface ProxyProduct {
  /** Values of `controller` of an IngressClass, or of `controllerName` of a GatewayClass; a prefix when it ends in `/`. */
  readonly controllers: readonly string[];
  /** Class names that its installers give when no class object is at hand. */
  readonly classNames: readonly string[];
  /** Labels of the pods that forward, as its charts and manifests set them; each set is an alternative. */
  readonly podLabels: readonly Readonly<Record<string, string>>[];
}

const name = 'app.kubernetes.io/name';
const component = 'app.kubernetes.io/component';

/** Well-known products, after their own installation manifests and charts. */
export const proxyProducts: readonly ProxyProduct[] = [
  {
    controllers: ['k8s.io/ingress-nginx', 'k8s.io/'],
    classNames: ['nginx'],
    podLabels: [{ [name]: 'ingress-nginx', [component]: 'controller' }],
  },
  {
    controllers: ['nginx.org/ingress-controller'],
    classNames: ['nginx'],
    podLabels: [{ [name]: 'nginx-ingress' }, { app: 'nginx-ingress' }],
  },
  {
    controllers: ['traefik.io/ingress-controller', 'traefik.io/gateway-controller'],
    classNames: ['traefik'],
    podLabels: [{ [name]: 'traefik' }],
  },
  {
    controllers: ['haproxy.org/ingress-controller', 'haproxy.org/ingress-controller/'],
    classNames: ['haproxy'],
    podLabels: [{ [name]: 'kubernetes-ingress' }, { run: 'haproxy-ingress' }],
  },
  {
    controllers: ['haproxy-ingress.github.io/controller', 'haproxy-ingress.github.io/controller/'],
    classNames: ['haproxy'],
    podLabels: [{ [name]: 'haproxy-ingress' }],
  },
  {
    controllers: ['projectcontour.io/'],
    classNames: ['contour'],
    podLabels: [{ app: 'envoy' }, { [name]: 'contour', [component]: 'envoy' }],
  },
  {
    controllers: ['istio.io/ingress-controller', 'istio.io/gateway-controller'],
    classNames: ['istio'],
    podLabels: [{ istio: 'ingressgateway' }],
  },
  {
    controllers: ['ingress-controllers.konghq.com/kong', 'konghq.com/kic-gateway-controller'],
    classNames: ['kong'],
    podLabels: [{ app: 'ingress-kong' }, { [name]: 'kong', [component]: 'app' }, { app: 'proxy-kong' }],
  },
  {
    controllers: ['openshift.io/ingress-to-route'],
    classNames: ['openshift-default'],
    podLabels: [{ 'ingresscontroller.operator.openshift.io/deployment-ingresscontroller': 'default' }],
  },
];

/** The router that serves OpenShift Routes. */
export const openShiftRouter = 'openshift.io/ingress-to-route';

/** Returns the products that a controller name or, where no class object tells it, a class name stands for. */
export function productsOf(
  controller: string | undefined,
  className: string | undefined,
): readonly ProxyProduct[] {
  if (controller === undefined) {
    return className === undefined
      ? []
      : proxyProducts.filter(({ classNames }) => classNames.includes(className));
  }
  const exact = proxyProducts.filter(({ controllers }) => controllers.includes(controller));
  if (exact.length > 0) return exact;
  return proxyProducts.filter(({ controllers }) =>
    controllers.some((known) => known.endsWith('/') && controller.startsWith(known)),
  );
}
