import { type Prefix, parsePrefix } from '../net/prefix.ts';

/** A private network that many have because something gives it to them. */
export interface UsualNetwork {
  readonly prefix: Prefix;
  /** Whose default it is, e.g. `pods of k3s`. */
  readonly use: string;
}

/** Defaults of network plugins, distributions, clouds, container engines and routers (their documentation). */
export const usualNetworks: readonly UsualNetwork[] = (
  [
    ['10.0.0.0/24', 'home routers, the first node of Cilium and virtual networks of clouds'],
    ['10.0.0.0/16', 'virtual networks of clouds'],
    ['10.42.0.0/16', 'pods of k3s and RKE2'],
    ['10.43.0.0/16', 'Services of k3s and RKE2'],
    ['10.96.0.0/12', 'Services of kubeadm'],
    ['10.244.0.0/16', 'pods of flannel and kind'],
    ['172.17.0.0/16', 'Docker'],
    ['172.31.0.0/16', 'default VPCs of AWS'],
    ['192.168.0.0/24', 'home routers'],
    ['192.168.1.0/24', 'home routers'],
    ['192.168.0.0/16', 'pods of Calico and local networks'],
  ] as const
).flatMap(([text, use]) => {
  const prefix = parsePrefix(text);
  return prefix === undefined ? [] : [{ prefix, use }];
});
