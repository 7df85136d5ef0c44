import { lastOfEach } from '../../../segmentation/inventory.ts';
import {
  type AuthorizationPolicy,
  isEnforcedPolicy,
  readAuthorizationPolicy,
} from '../../../segmentation/mesh/authorization-policy.ts';
import {
  isPeerAuthentication,
  type PeerAuthentication,
  readPeerAuthentication,
} from '../../../segmentation/mesh/peer-authentication.ts';
import { localTrustDomain } from '../../../segmentation/mesh/string-match.ts';
import type { Declared } from '../../posture.ts';

/** Namespace whose mesh policies hold everywhere, unless the mesh is configured otherwise. */
export const rootNamespace = 'istio-system';

/** Returns the sound PeerAuthentications of the set. */
export function authenticationsOf({ manifests }: Declared): PeerAuthentication[] {
  return lastOfEach(manifests.resources)
    .filter(isPeerAuthentication)
    .map(readPeerAuthentication)
    .filter(({ fault }) => fault === undefined);
}

/** Returns the sound AuthorizationPolicies of the set that decide anything. */
export function authorizationsOf({ manifests }: Declared): AuthorizationPolicy[] {
  return lastOfEach(manifests.resources)
    .filter(isEnforcedPolicy)
    .map((source) => readAuthorizationPolicy(source, localTrustDomain))
    .filter(({ fault }) => fault === undefined);
}

/**
 * Returns the namespaces of which the manifests say something for the mesh: policies of it, or an injection or ambient
 * label; the root namespace only when its policies hold for all.
 */
export function meshNamespaces(declared: Declared): Set<string> {
  const found = new Set<string>();
  for (const { namespace } of [...authenticationsOf(declared), ...authorizationsOf(declared)]) {
    if (namespace !== rootNamespace) found.add(namespace);
  }
  for (const { name, labels } of declared.inventory.namespaces) {
    if (isMeshedNamespace(labels.known)) found.add(name);
  }
  return found;
}

/** Returns whether these labels of a namespace put its pods into the mesh. */
export function isMeshedNamespace(labels: ReadonlyMap<string, string>): boolean {
  const injection = labels.get('istio-injection');
  if (injection !== undefined) return injection === 'enabled';
  return labels.has('istio.io/rev') || labels.get('istio.io/dataplane-mode') === 'ambient';
}
