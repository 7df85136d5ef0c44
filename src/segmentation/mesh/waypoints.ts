import type { Resource } from '../../manifest/resource.ts';
import type { Namespace, Service, Workload } from '../model.ts';
import { fieldAt, stringsOf } from '../values.ts';
import { groupOf, namespaceOf } from '../workloads.ts';
import type { Identity } from './membership.ts';

/** A waypoint: the Gateway whose proxy judges requests on behalf of ambient pods. */
export interface Waypoint {
  readonly name: string;
  readonly namespace: string;
  /** Undefined when no manifest declares the Gateway. */
  readonly source: Resource | undefined;
  /** What it takes traffic for: Services (the default), pods that are addressed themselves, or both. */
  readonly traffic: 'service' | 'workload' | 'all' | 'none' | 'unknown';
}

const useLabel = 'istio.io/use-waypoint';

/** The Gateways of class istio-waypoint, and who uses them (istio.io/docs, "Configure waypoint proxies"). */
export class Waypoints {
  readonly #declared: ReadonlyMap<string, Waypoint>;
  readonly #made = new Map<string, Waypoint>();

  constructor(resources: readonly Resource[]) {
    this.#declared = new Map(
      resources.filter(isWaypoint).map((source) => {
        const namespace = namespaceOf(source);
        const traffic = trafficOf(source.labels['istio.io/waypoint-for']);
        return [`${namespace}/${source.name}`, { name: source.name, namespace, source, traffic }];
      }),
    );
  }

  /** Returns the waypoint that traffic to the Service goes through: by its own label, else by its namespace's. */
  ofService({ source, namespace }: Service, { labels }: Namespace): Waypoint | undefined {
    const waypoint = this.#used(
      stringsOf(fieldAt(source.value, 'metadata', 'labels')),
      labels.known,
      namespace,
    );
    return waypoint?.traffic === 'workload' || waypoint?.traffic === 'none' ? undefined : waypoint;
  }

  /** Returns the waypoint that traffic to the address of a pod goes through. */
  ofWorkload({ labels, namespace }: Workload): Waypoint | undefined {
    const waypoint = this.#used(labels.known, namespace.labels.known, namespace.name);
    return waypoint?.traffic === 'service' || waypoint?.traffic === 'none' ? undefined : waypoint;
  }

  #used(
    own: ReadonlyMap<string, string>,
    inherited: ReadonlyMap<string, string>,
    namespace: string,
  ): Waypoint | undefined {
    const labels = own.has(useLabel) ? own : inherited;
    const name = labels.get(useLabel);
    if (name === undefined || name === 'none') return undefined;
    const where = labels.get(`${useLabel}-namespace`) ?? namespace;
    const key = `${where}/${name}`;
    let waypoint = this.#declared.get(key) ?? this.#made.get(key);
    if (waypoint === undefined) {
      waypoint = { name, namespace: where, source: undefined, traffic: 'unknown' };
      this.#made.set(key, waypoint);
    }
    return waypoint;
  }
}

function isWaypoint(resource: Resource): boolean {
  return (
    resource.kind === 'Gateway' &&
    groupOf(resource) === 'gateway.networking.k8s.io' &&
    fieldAt(resource.value, 'spec', 'gatewayClassName') === 'istio-waypoint'
  );
}

function trafficOf(label: string | undefined): Waypoint['traffic'] {
  if (label === 'all' || label === 'workload' || label === 'none') return label;
  return 'service';
}

/** Returns who a waypoint is to the pods behind it: its service account has the Gateway's name. */
export function waypointIdentity({ namespace, name }: Waypoint): Identity {
  return { namespace, serviceAccount: name };
}
