import type { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { integer } from './fields.ts';
import { workload } from './workload.ts';

/** ReplicaSet (apps/v1). */
const schema = once(() => workload({ replicas: integer(), minReadySeconds: integer() }));

export type ReplicaSet = z.infer<ReturnType<typeof schema>>;

export const replicaSetKind: KindDefinition<ReplicaSet> = {
  kind: 'ReplicaSet',
  apiVersions: ['apps/v1'],
  removed: { 'extensions/v1beta1': '1.16', 'apps/v1beta2': '1.16' },
  namespaced: true,
  schema,
};
