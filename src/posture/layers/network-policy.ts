import { verdict } from '../../segmentation/explain.ts';
import type { Layer } from './definition.ts';

/** NetworkPolicies and the cluster-wide tiers around them, with what bears on them. */
export const networkPolicyLayer: Layer = {
  id: 'networkpolicy',
  judge({ source, destination, protocol, port }, { segmentation }) {
    return verdict(segmentation, source, destination, protocol, port).reasons;
  },
};
