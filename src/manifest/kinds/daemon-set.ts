import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { integer, intOrString, optional, text } from './fields.ts';
import { workload } from './workload.ts';

/** DaemonSet (apps/v1). */
const schema = once(() =>
  workload({
    minReadySeconds: integer(),
    revisionHistoryLimit: integer(),
    updateStrategy: optional(
      z.object({
        type: text(),
        rollingUpdate: optional(z.object({ maxSurge: intOrString(), maxUnavailable: intOrString() })),
      }),
    ),
  }),
);

export type DaemonSet = z.infer<ReturnType<typeof schema>>;

export const daemonSetKind: KindDefinition<DaemonSet> = {
  kind: 'DaemonSet',
  apiVersions: ['apps/v1'],
  removed: { 'extensions/v1beta1': '1.16', 'apps/v1beta2': '1.16' },
  namespaced: true,
  schema,
};
