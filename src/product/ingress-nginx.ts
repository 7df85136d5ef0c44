/** The project: its releases, and the objects that it reads by default. */
export const ingressNginx = {
  latest: '1.15.1',
  /** Maintenance ended: no release and no security fix since. */
  retired: 'March 2026',
  annotationPrefix: 'nginx.ingress.kubernetes.io/',
  controllerName: 'k8s.io/ingress-nginx',
  className: 'nginx',
  /** The ConfigMap of the project's own manifests and chart; any other needs `--configmap`. */
  configMap: { namespace: 'ingress-nginx', name: 'ingress-nginx-controller' },
  imageRepository: 'ingress-nginx/controller',
  /** Names that its chart gives to the ConfigMap end so, whatever the release is called. */
  configMapSuffix: 'ingress-nginx-controller',
  /** Ingresses without a class are ignored unless this is given (or their class is the default one). */
  withoutClassFlag: '--watch-ingress-without-class',
  /** Requests above the rate that pass at once, in multiples of the rate. */
  burstMultiplier: 5,
  /** Status of requests and connections that a limit refuses, unless configured. */
  limitStatus: 503,
} as const;

/** Pairs of annotations with which people mean a rate: a count, and the time that it is for. None is read. */
export const ratePairs = [
  { count: 'rate-limit', window: 'rate-limit-window' },
  { count: 'global-rate-limit', window: 'global-rate-limit-window' },
] as const;

/** What nginx does whatever the ConfigMap says: keys that people write for it and that do not exist. */
export const fixedNginxSettings: ReadonlyMap<string, string> = new Map([
  ['ssl-prefer-server-ciphers', "the server's order always counts"],
]);
