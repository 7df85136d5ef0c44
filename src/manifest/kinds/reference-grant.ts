import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { listUpTo } from './entry-fields.ts';
import { requireFields, text } from './fields.ts';
import { metadata, typeMeta } from './metadata.ts';

/** ReferenceGrant (gateway.networking.k8s.io/v1beta1 and v1). The core group is the empty text, and must be written. */
const schema = once(() =>
  z.object({
    ...typeMeta(),
    metadata: metadata(),
    spec: z
      .object({
        from: listUpTo(16, z.object({ group: z.string(), kind: z.string(), namespace: z.string() })),
        to: listUpTo(16, z.object({ group: z.string(), kind: z.string(), name: text() })),
      })
      .superRefine(requireFields('from', 'to')),
  }),
);

export type ReferenceGrant = z.infer<ReturnType<typeof schema>>;

export const referenceGrantKind: KindDefinition<ReferenceGrant> = {
  kind: 'ReferenceGrant',
  apiVersions: ['gateway.networking.k8s.io/v1beta1', 'gateway.networking.k8s.io/v1'],
  namespaced: true,
  schema,
};
