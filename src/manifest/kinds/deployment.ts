import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { flag, integer, intOrString, optional, text } from './fields.ts';
import { workload } from './workload.ts';

/** Deployment (apps/v1). */
const schema = once(() =>
  workload({
    replicas: integer(),
    minReadySeconds: integer(),
    paused: flag(),
    progressDeadlineSeconds: integer(),
    revisionHistoryLimit: integer(),
    strategy: optional(
      z.object({
        type: text(),
        rollingUpdate: optional(z.object({ maxSurge: intOrString(), maxUnavailable: intOrString() })),
      }),
    ),
  }),
);

export type Deployment = z.infer<ReturnType<typeof schema>>;

export const deploymentKind: KindDefinition<Deployment> = {
  kind: 'Deployment',
  apiVersions: ['apps/v1'],
  removed: { 'extensions/v1beta1': '1.16', 'apps/v1beta1': '1.16', 'apps/v1beta2': '1.16' },
  namespaced: true,
  schema,
};
