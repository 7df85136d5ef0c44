/** A port that Istio's parts listen on (Istio documentation, ports used by Istio). */
export interface IstioPort {
  readonly port: number;
  readonly protocol: 'TCP';
  readonly of: 'sidecar' | 'istiod' | 'ztunnel' | 'gateway' | 'cni';
  readonly purpose: string;
  /** Whether clients must hold a certificate of the mesh. */
  readonly mutualTls: boolean;
}

const port = (number: number, of: IstioPort['of'], purpose: string, mutualTls = false): IstioPort => ({
  port: number,
  protocol: 'TCP',
  of,
  purpose,
  mutualTls,
});

export const istioPorts: readonly IstioPort[] = [
  port(15000, 'sidecar', 'Envoy administration, on loopback'),
  port(15001, 'sidecar', 'outbound traffic, redirected'),
  port(15006, 'sidecar', 'inbound traffic, redirected'),
  port(15008, 'sidecar', 'HBONE tunnel', true),
  port(15008, 'ztunnel', 'HBONE tunnel', true),
  port(15010, 'istiod', 'configuration and certificates, plaintext'),
  port(15012, 'istiod', 'configuration and certificates', true),
  port(15014, 'istiod', 'metrics of the control plane'),
  port(15017, 'istiod', 'webhooks'),
  port(15020, 'sidecar', 'merged metrics'),
  port(15020, 'ztunnel', 'metrics'),
  port(15021, 'sidecar', 'health'),
  port(15021, 'gateway', 'health'),
  port(15021, 'ztunnel', 'health'),
  port(15090, 'sidecar', 'Envoy metrics'),
  port(15014, 'cni', 'metrics'),
];

/** Names and labels that Istio reads. */
export const istio = {
  rootNamespace: 'istio-system',
  injectionLabel: 'istio-injection',
  revisionLabel: 'istio.io/rev',
  podInjectionLabel: 'sidecar.istio.io/inject',
  dataplaneLabel: 'istio.io/dataplane-mode',
  waypointLabel: 'istio.io/use-waypoint',
  /** What proxies connect to for certificates and configuration. */
  discoveryPort: 15012,
  tunnelPort: 15008,
  /** Address from which probes of ambient pods come. */
  ambientProbeAddress: '169.254.7.127',
} as const;

/** Versions that are served, the one to write first. */
export const istioVersions: ReadonlyMap<string, readonly [string, ...string[]]> = new Map([
  ['security.istio.io', ['v1', 'v1beta1']],
  ['networking.istio.io', ['v1', 'v1beta1', 'v1alpha3']],
  ['telemetry.istio.io', ['v1', 'v1alpha1']],
]);
