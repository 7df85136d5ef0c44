/** The project: its releases, and the objects that it reads by default. */
export const ingressNginx = {
  latest: '1.15.1',
  /** Maintenance ended: no release and no security fix since. */
  retired: '2026-03',
  annotationPrefix: 'nginx.ingress.kubernetes.io/',
  controllerName: 'k8s.io/ingress-nginx',
  className: 'nginx',
  /** The ConfigMap of the project's own manifests and chart; any other needs `--configmap`. */
  configMap: { namespace: 'ingress-nginx', name: 'ingress-nginx-controller' },
  imageRepository: 'ingress-nginx/controller',
  /** Ingresses without a class are ignored unless this is given (or their class is the default one). */
  withoutClassFlag: '--watch-ingress-without-class',
  /** Requests above the rate that pass at once, in multiples of the rate. */
  burstMultiplier: 5,
  /** Status of requests and connections that a limit refuses, unless configured. */
  limitStatus: 503,
} as const;
