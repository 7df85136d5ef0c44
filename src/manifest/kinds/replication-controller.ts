import type { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { integer } from './fields.ts';
import { mapSelectorWorkload } from './workload.ts';

/** ReplicationController (core/v1). */
const schema = once(() => mapSelectorWorkload({ replicas: integer(), minReadySeconds: integer() }));

export type ReplicationController = z.infer<ReturnType<typeof schema>>;

export const replicationControllerKind: KindDefinition<ReplicationController> = {
  kind: 'ReplicationController',
  apiVersions: ['v1'],
  namespaced: true,
  schema,
};
