import type { Direction } from '../flow/verdict.ts';
import { formatPrefix, hostPrefix } from '../net/prefix.ts';
import type { PeerView } from './endpoint.ts';
import { namespaceNameLabel } from './inventory.ts';
import type { Labels } from './label-selector.ts';
import { isApiProtocol, protocolText } from './protocol.ts';

/**
 * Returns the peer that a rule of a NetworkPolicy in `namespace` names this end by, e.g. `podSelector app=web`;
 * undefined where no manifest tells its labels or address.
 */
export function policyPeerText(view: PeerView, namespace: string): string | undefined {
  const { pods } = view;
  if (pods === undefined) {
    const blocks = blocksOf(view);
    return blocks === undefined ? undefined : `ipBlock ${blocks}`;
  }
  const selector = `podSelector ${labelsText(pods.labels)}`;
  if (pods.namespace.name === namespace) return selector;
  return `namespaceSelector ${namespaceNameLabel}=${pods.namespace.name} with ${selector}`;
}

/** Returns the peer that a rule of a cluster-wide policy names this end by. Only egress rules can name addresses. */
export function clusterPeerText(view: PeerView, direction: Direction): string | undefined {
  const { pods } = view;
  if (pods !== undefined) {
    return `pods with namespaceSelector ${namespaceNameLabel}=${pods.namespace.name} and podSelector ${labelsText(pods.labels)}`;
  }
  const blocks = direction === 'egress' ? blocksOf(view) : undefined;
  return blocks === undefined ? undefined : `networks ${blocks}`;
}

/** Returns e.g. `TCP 80`, or `ICMP` for a protocol that has no ports. */
export function trafficText(protocol: number, port: number): string {
  return isApiProtocol(protocol) ? `${protocolText(protocol)} ${port}` : protocolText(protocol);
}

function labelsText({ known }: Labels): string {
  const texts = [...known].map(([key, value]) => `${key}=${value}`);
  return texts.length === 0 ? '{}' : texts.join(',');
}

function blocksOf({ addresses, undeclaredPod }: PeerView): string | undefined {
  if (addresses.length === 0 || undeclaredPod) return undefined;
  return addresses.map((address) => formatPrefix(hostPrefix(address))).join(' and ');
}
