import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { optional, text } from './fields.ts';
import { metadata, typeMeta } from './metadata.ts';

/** IngressClass (networking.k8s.io/v1). */
const schema = once(() =>
  z.object({
    ...typeMeta(),
    metadata: metadata(),
    spec: optional(
      z.object({
        controller: text(),
        parameters: optional(
          z.object({
            apiGroup: text(),
            kind: z.string(),
            name: z.string(),
            scope: optional(z.enum(['Cluster', 'Namespace'])),
            namespace: text(),
          }),
        ),
      }),
    ),
  }),
);

export type IngressClass = z.infer<ReturnType<typeof schema>>;

export const ingressClassKind: KindDefinition<IngressClass> = {
  kind: 'IngressClass',
  apiVersions: ['networking.k8s.io/v1'],
  removed: { 'networking.k8s.io/v1beta1': '1.22' },
  namespaced: false,
  schema,
};
