import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { flag, integer, optional, text } from './fields.ts';
import { jobSpec } from './job.ts';
import { metadata, status, templateMetadata, typeMeta } from './metadata.ts';

/** CronJob (batch/v1). */
const schema = once(() =>
  z.object({
    ...typeMeta(),
    metadata: metadata(),
    spec: z.object({
      schedule: z.string(),
      timeZone: text(),
      suspend: flag(),
      concurrencyPolicy: optional(z.enum(['Allow', 'Forbid', 'Replace'])),
      startingDeadlineSeconds: integer(),
      successfulJobsHistoryLimit: integer(),
      failedJobsHistoryLimit: integer(),
      jobTemplate: z.object({ metadata: optional(templateMetadata()), spec: jobSpec() }),
    }),
    status: status(),
  }),
);

export type CronJob = z.infer<ReturnType<typeof schema>>;

export const cronJobKind: KindDefinition<CronJob> = {
  kind: 'CronJob',
  apiVersions: ['batch/v1'],
  removed: { 'batch/v1beta1': '1.25', 'batch/v2alpha1': '1.21' },
  namespaced: true,
  schema,
};
