/** A network plugin as it is found running in a cluster. */
export interface NetworkPluginFact {
  readonly name: string;
  /** Image repositories (registry left out) of its agent on each node. */
  readonly images: readonly string[];
  /** Whether it enforces NetworkPolicies. */
  readonly enforcesPolicies: boolean;
}

/**
 * The plugins whose agents can be told by their images. Flannel leaves policies to others; `canal` is Flannel with
 * Calico beside it (README of github.com/flannel-io/flannel, docs.tigera.io).
 */
export const networkPluginFacts: readonly NetworkPluginFact[] = [
  {
    name: 'Flannel',
    images: ['flannel/flannel', 'flannel-io/flannel', 'flannelcni/flannel', 'coreos/flannel'],
    enforcesPolicies: false,
  },
  { name: 'Calico', images: ['calico/node'], enforcesPolicies: true },
  { name: 'Cilium', images: ['cilium/cilium'], enforcesPolicies: true },
  { name: 'kube-router', images: ['cloudnativelabs/kube-router'], enforcesPolicies: true },
  { name: 'Antrea', images: ['antrea/antrea-agent-ubuntu', 'antrea/antrea-ubuntu'], enforcesPolicies: true },
];

/** Returns the plugin whose agent images of this repository are. */
export function networkPluginOf(repository: string): NetworkPluginFact | undefined {
  return networkPluginFacts.find(({ images }) => images.includes(repository));
}
