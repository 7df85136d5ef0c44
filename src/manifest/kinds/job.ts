import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { flag, integer, opaque, optional, text } from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';
import { podTemplate } from './pod-spec.ts';
import { labelSelector } from './selector.ts';

/** JobSpec (batch/v1); a CronJob makes Jobs from it. */
export const jobSpec = once(() =>
  z.object({
    template: podTemplate(),
    selector: optional(labelSelector()),
    manualSelector: flag(),
    parallelism: integer(),
    completions: integer(),
    completionMode: optional(z.enum(['NonIndexed', 'Indexed'])),
    backoffLimit: integer(),
    backoffLimitPerIndex: integer(),
    maxFailedIndexes: integer(),
    activeDeadlineSeconds: integer(),
    ttlSecondsAfterFinished: integer(),
    suspend: flag(),
    podFailurePolicy: opaque(),
    podReplacementPolicy: text(),
    successPolicy: opaque(),
    managedBy: text(),
  }),
);

const schema = once(() =>
  z.object({ ...typeMeta(), metadata: metadata(), spec: jobSpec(), status: status() }),
);

export type Job = z.infer<ReturnType<typeof schema>>;

export const jobKind: KindDefinition<Job> = {
  kind: 'Job',
  apiVersions: ['batch/v1'],
  namespaced: true,
  schema,
};
