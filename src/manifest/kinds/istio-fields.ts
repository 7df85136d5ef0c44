import { z } from 'zod';
import { labels, optional, text } from './fields.ts';

/** WorkloadSelector (istio.io/docs, type/v1beta1): labels only. */
export const workloadSelector = () => optional(z.object({ matchLabels: optional(labels()) }));

/** PolicyTargetReference: the object a policy is attached to. */
export const targetReference = () =>
  z.object({ group: text(), kind: z.string(), name: z.string(), namespace: text() });

/** Served versions of Istio's security API, the preferred one first. */
export const securityVersions = ['security.istio.io/v1', 'security.istio.io/v1beta1'] as const;
