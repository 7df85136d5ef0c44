import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { listOf, optional, text } from './fields.ts';
import { metadata, typeMeta } from './metadata.ts';
import { podSpec } from './pod-spec.ts';

/** The parts of PodStatus that say where a pod is on the network; the rest is not looked into. */
const status = () =>
  z.looseObject({
    phase: text(),
    podIP: text(),
    podIPs: listOf(z.looseObject({ ip: text() })),
    hostIP: text(),
    hostIPs: listOf(z.looseObject({ ip: text() })),
  });

/** Pod (core/v1). */
const schema = once(() =>
  z.object({ ...typeMeta(), metadata: metadata(), spec: podSpec(), status: optional(status()) }),
);

export type Pod = z.infer<ReturnType<typeof schema>>;

export const podKind: KindDefinition<Pod> = {
  kind: 'Pod',
  apiVersions: ['v1'],
  namespaced: true,
  schema,
};
