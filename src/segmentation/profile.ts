import type { NetworkPlugin } from '../manifest/site.ts';
import type { IpBlockScope } from './peer-match.ts';

/**
 * What a network plugin makes of policies where the API leaves it open. The same for all of these, and therefore no field:
 * pods on their host's network are not subject to policies and are seen as the node, and traffic between a pod and its
 * own node is allowed (kubernetes.io/docs/concepts/services-networking/network-policies).
 */
export interface CniProfile {
  readonly name: NetworkPlugin;
  /** Whether `ipBlock` matches the addresses of pods. */
  readonly ipBlockMatchesPods: IpBlockScope;
  /** Whether policies have any effect. */
  readonly enforcesPolicies: boolean;
  /** Whether policies can admit SCTP; `unknown` where that is a setting. Pods are isolated for SCTP all the same. */
  readonly sctp: 'yes' | 'unknown';
}

/** What the API promises of any plugin, and nothing more: the default. */
export const kubernetes: CniProfile = {
  name: 'kubernetes',
  ipBlockMatchesPods: 'unknown',
  enforcesPolicies: true,
  sctp: 'yes',
};

/** Calico turns `ipBlock` into a match on the address, whoever has it (docs.tigera.io, Kubernetes policy tutorials). */
export const calico: CniProfile = { ...kubernetes, name: 'calico', ipBlockMatchesPods: 'match' };

/**
 * Cilium never matches pods by address (cilium/cilium issues 9209, 14497, 19601, 35212). SCTP is a setting of the
 * installation, off at first (docs.cilium.io, "SCTP support").
 */
export const cilium: CniProfile = {
  ...kubernetes,
  name: 'cilium',
  ipBlockMatchesPods: 'never',
  sctp: 'unknown',
};

/** Flannel connects pods and enforces no policies (github.com/flannel-io/flannel, README). */
export const flannel: CniProfile = { ...kubernetes, name: 'flannel', enforcesPolicies: false };

const profiles: Readonly<Record<NetworkPlugin, CniProfile>> = { kubernetes, calico, cilium, flannel };

/** Returns what the plugin of this name makes of policies. */
export function cniProfile(name: NetworkPlugin): CniProfile {
  return profiles[name];
}
