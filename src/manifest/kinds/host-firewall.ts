import { z } from 'zod';
import { hostFirewallFields } from '../host-firewall/schema.ts';
import { type KindDefinition, once } from './definition.ts';
import { labels, optional } from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';

/** A packet filter of machines, declared; Picket's own kind (`docs/guide/host-firewall.md`). */
const schema = once(() =>
  z.object({
    ...typeMeta(),
    metadata: metadata(),
    spec: z.strictObject({
      nodeSelector: optional(labels()).describe(
        'Labels that a machine has all of; every machine where it is left out. The declaration with the most labels that fit is the one in force.',
      ),
      ...hostFirewallFields(),
    }),
    status: status(),
  }),
);

export type HostFirewallResource = z.infer<ReturnType<typeof schema>>;

export const hostFirewallKind: KindDefinition<HostFirewallResource> = {
  kind: 'HostFirewall',
  apiVersions: ['picket.dev/v1alpha1'],
  namespaced: false,
  schema,
};
