import { adminNetworkPolicyKind } from './admin-network-policy.ts';
import { authorizationPolicyKind } from './authorization-policy.ts';
import { baselineAdminNetworkPolicyKind } from './baseline-admin-network-policy.ts';
import { clusterNetworkPolicyKind } from './cluster-network-policy.ts';
import { configMapKind } from './config-map.ts';
import { cronJobKind } from './cron-job.ts';
import { daemonSetKind } from './daemon-set.ts';
import type { KindDefinition } from './definition.ts';
import { deploymentKind } from './deployment.ts';
import { gatewayKind } from './gateway.ts';
import { grpcRouteKind } from './grpc-route.ts';
import { hostFirewallKind } from './host-firewall.ts';
import { httpRouteKind } from './http-route.ts';
import { ingressKind } from './ingress.ts';
import { ingressClassKind } from './ingress-class.ts';
import { jobKind } from './job.ts';
import { knownKinds } from './known.ts';
import { namespaceKind } from './namespace.ts';
import { networkPolicyKind } from './network-policy.ts';
import { peerAuthenticationKind } from './peer-authentication.ts';
import { podKind } from './pod.ts';
import { referenceGrantKind } from './reference-grant.ts';
import { replicaSetKind } from './replica-set.ts';
import { replicationControllerKind } from './replication-controller.ts';
import { routeKind } from './route.ts';
import { secretKind } from './secret.ts';
import { serviceKind } from './service.ts';
import { statefulSetKind } from './stateful-set.ts';
import { tcpRouteKind } from './tcp-route.ts';
import { tlsRouteKind } from './tls-route.ts';
import { udpRouteKind } from './udp-route.ts';

/** Every kind that Picket knows: those with a schema of their own, then those known by name. */
export const kinds: readonly KindDefinition[] = [
  namespaceKind,
  podKind,
  deploymentKind,
  statefulSetKind,
  daemonSetKind,
  replicaSetKind,
  replicationControllerKind,
  jobKind,
  cronJobKind,
  serviceKind,
  configMapKind,
  secretKind,
  networkPolicyKind,
  clusterNetworkPolicyKind,
  adminNetworkPolicyKind,
  baselineAdminNetworkPolicyKind,
  authorizationPolicyKind,
  peerAuthenticationKind,
  ingressKind,
  ingressClassKind,
  gatewayKind,
  httpRouteKind,
  grpcRouteKind,
  tlsRouteKind,
  tcpRouteKind,
  udpRouteKind,
  referenceGrantKind,
  routeKind,
  hostFirewallKind,
  ...knownKinds,
];

const byKind = Map.groupBy(kinds, ({ kind }) => kind);

/** The names of all known kinds. */
export function kindNames(): Iterable<string> {
  return byKind.keys();
}

/** The definitions of that kind; several API groups may have one of the same name. */
export function definitionsOf(kind: string): readonly KindDefinition[] {
  return byKind.get(kind) ?? [];
}

/** The definition of exactly this object. */
export function definitionOf(apiVersion: string, kind: string): KindDefinition | undefined {
  return definitionsOf(kind).find(({ apiVersions }) => apiVersions.includes(apiVersion));
}
