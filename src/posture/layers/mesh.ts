import { layer } from '../../segmentation/mesh/reasons.ts';
import type { Layer } from './definition.ts';

/** Istio: mutual TLS and authorization by the proxy of the destination. */
export const meshLayer: Layer = {
  id: layer,
  judge(question, { mesh }) {
    return mesh.judge(question);
  },
};
