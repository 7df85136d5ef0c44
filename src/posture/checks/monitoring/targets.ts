import type { Service } from '../../../segmentation/model.ts';
import type { Placed } from '../../controls/placed.ts';
import type { PrometheusConfig, ScrapeJob, ScrapeTarget } from '../../controls/prometheus.ts';
import type { Declared } from '../../posture.ts';

/** A static target that is a name of a Service in the cluster's DNS. */
export interface ServiceTarget {
  readonly config: PrometheusConfig;
  readonly job: ScrapeJob;
  readonly target: Placed<ScrapeTarget>;
  readonly namespace: string;
  readonly name: string;
  /** Undefined when these manifests have none. */
  readonly service: Service | undefined;
}

/** Returns the static targets that name a Service: `name`, `name.namespace`, `name.namespace.svc` and longer. */
export function serviceTargets({ controls, inventory }: Declared): ServiceTarget[] {
  const services = new Map(inventory.services.map((one) => [`${one.namespace}/${one.name}`, one]));
  const namespaces = new Set(inventory.namespaces.map(({ name }) => name));
  for (const { namespace } of inventory.services) namespaces.add(namespace);
  return controls.prometheusConfigs.flatMap((config) =>
    config.jobs.flatMap((job) =>
      job.targets.flatMap((target) => {
        const found = nameOf(target.value.host, config.key.object.namespace, namespaces);
        return found === undefined
          ? []
          : [{ config, job, target, ...found, service: services.get(`${found.namespace}/${found.name}`) }];
      }),
    ),
  );
}

function nameOf(
  host: string,
  own: string,
  namespaces: ReadonlySet<string>,
): { readonly namespace: string; readonly name: string } | undefined {
  const [name = '', namespace, svc, ...rest] = host.replace(/\.$/, '').split('.');
  if (!/^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name) || name === 'localhost') return undefined;
  if (namespace === undefined) return { namespace: own, name };
  const isCluster = svc === 'svc' && (rest.length === 0 || rest.join('.') === 'cluster.local');
  // Two parts may as well be a domain of the internet.
  const isKnown = svc === undefined && namespaces.has(namespace);
  return isCluster || isKnown ? { namespace, name } : undefined;
}
