import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { integer, intOrString, listOf, opaque, optional, text } from './fields.ts';
import { workload } from './workload.ts';

/** StatefulSet (apps/v1). The claims it makes are not looked into. */
const schema = once(() =>
  workload({
    replicas: integer(),
    serviceName: text(),
    minReadySeconds: integer(),
    ordinals: optional(z.object({ start: integer() })),
    persistentVolumeClaimRetentionPolicy: opaque(),
    podManagementPolicy: optional(z.enum(['OrderedReady', 'Parallel'])),
    revisionHistoryLimit: integer(),
    updateStrategy: optional(
      z.object({
        type: text(),
        rollingUpdate: optional(z.object({ partition: integer(), maxUnavailable: intOrString() })),
      }),
    ),
    volumeClaimTemplates: listOf(z.looseObject({})),
  }),
);

export type StatefulSet = z.infer<ReturnType<typeof schema>>;

export const statefulSetKind: KindDefinition<StatefulSet> = {
  kind: 'StatefulSet',
  apiVersions: ['apps/v1'],
  removed: { 'apps/v1beta1': '1.16', 'apps/v1beta2': '1.16' },
  namespaced: true,
  schema,
};
