import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { listOf, optional } from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';
import { dnsLabelProblem } from './syntax.ts';

const schema = once(() =>
  z.object({
    ...typeMeta(),
    metadata: metadata(dnsLabelProblem),
    spec: optional(z.object({ finalizers: listOf(z.string()) })),
    status: status(),
  }),
);

export type Namespace = z.infer<ReturnType<typeof schema>>;

export const namespaceKind: KindDefinition<Namespace> = {
  kind: 'Namespace',
  apiVersions: ['v1'],
  namespaced: false,
  schema,
};
