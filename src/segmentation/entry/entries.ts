import type { Resource } from '../../manifest/resource.ts';
import { lastOfEach } from '../inventory.ts';
import type { Inventory } from '../model.ts';
import { fieldAt, textOf } from '../values.ts';
import { groupOf } from '../workloads.ts';
import { readGatewayRoute, routeKinds } from './gateway-route.ts';
import { type Gateway, readGateway } from './gateways.ts';
import { readHostPorts } from './host-ports.ts';
import { readIngress } from './ingress.ts';
import type { Entry, EntryKind } from './model.ts';
import { readOpenShiftRoute } from './openshift-route.ts';
import { Proxies, type ProxyClass, readClass } from './proxies.ts';
import { ReferenceGrants } from './reference-grants.ts';
import { ServiceBackends } from './service-backends.ts';
import { readServiceEntries } from './service-entries.ts';

const gatewayGroup = 'gateway.networking.k8s.io';

/**
 * Returns all ways in from outside the cluster that the resources declare: Ingresses, routes of the Gateway API,
 * OpenShift Routes, Services with a load balancer, node ports or external addresses, and ports of nodes that pods take.
 * Of several versions of one object the last one counts. Never throws: what is faulty is told in the entries.
 */
export function readEntries(resources: readonly Resource[], inventory: Inventory): Entry[] {
  const byKind = Map.groupBy(lastOfEach(resources), (resource) => `${groupOf(resource)}/${resource.kind}`);
  const of = (group: string, kind: string): readonly Resource[] => byKind.get(`${group}/${kind}`) ?? [];
  const backends = new ServiceBackends(inventory.services);
  const proxies = new Proxies(inventory);
  const classes = byName([...of('extensions', 'IngressClass'), ...of('networking.k8s.io', 'IngressClass')]);
  const gateways = readGateways(
    of(gatewayGroup, 'Gateway'),
    byName(of(gatewayGroup, 'GatewayClass')),
    proxies,
  );
  const grants = new ReferenceGrants(of(gatewayGroup, 'ReferenceGrant'));
  const namespaces = new Map(inventory.namespaces.map((namespace) => [namespace.name, namespace]));
  const context = { backends, gateways, grants, namespaces };
  const entries: Entry[] = [];
  for (const group of ['networking.k8s.io', 'extensions']) {
    for (const one of of(group, 'Ingress')) entries.push(readIngress(one, { backends, proxies, classes }));
  }
  for (const kind of routeKinds) entries.push(...readRoutes(of(gatewayGroup, kind), kind, context));
  for (const one of of('route.openshift.io', 'Route'))
    entries.push(readOpenShiftRoute(one, backends, proxies));
  entries.push(...inventory.services.flatMap(readServiceEntries));
  entries.push(...inventory.workloads.flatMap((workload) => readHostPorts(workload) ?? []));
  return entries;
}

function readRoutes(
  resources: readonly Resource[],
  kind: EntryKind,
  context: Parameters<typeof readGatewayRoute>[2],
): Entry[] {
  return resources.flatMap((one) => readGatewayRoute(one, kind, context) ?? []);
}

function byName(classes: readonly Resource[]): ReadonlyMap<string, ProxyClass> {
  return new Map(classes.map((source) => [source.name, readClass(source)]));
}

function readGateways(
  resources: readonly Resource[],
  classes: ReadonlyMap<string, ProxyClass>,
  proxies: Proxies,
): ReadonlyMap<string, Gateway> {
  const gateways = resources.map((source) => {
    const className = textOf(fieldAt(source.value, 'spec', 'gatewayClassName'));
    const controller = className === undefined ? undefined : classes.get(className)?.controller;
    const namespace = source.namespace ?? 'default';
    return readGateway(source, proxies.ofGateway(namespace, source.name, className, controller));
  });
  return new Map(gateways.map((gateway) => [`${gateway.namespace}/${gateway.name}`, gateway]));
}
