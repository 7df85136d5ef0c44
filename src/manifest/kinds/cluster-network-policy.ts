import { z } from 'zod';
import {
  checkDomainNames,
  checkOne,
  checkRange,
  egressRule,
  ingressRule,
  items,
  priority,
  rangeEnds,
  subject,
} from './cluster-policy-fields.ts';
import { type KindDefinition, once } from './definition.ts';
import { listUpTo } from './entry-fields.ts';
import { optional, portNumber } from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';

const actions = ['Accept', 'Deny', 'Pass'] as const;

const destinationPort = () =>
  z
    .object({
      number: optional(portNumber()),
      range: optional(z.object(rangeEnds()).superRefine(checkRange)),
    })
    .superRefine((value, context) => checkOne(value, context, 'a destinationPort'));

const transport = () => optional(z.object({ destinationPort: destinationPort() }));

const protocol = () =>
  z
    .object({
      tcp: transport(),
      udp: transport(),
      sctp: transport(),
      destinationNamedPort: optional(z.string().min(1, { error: 'must not be empty' })),
    })
    .superRefine((value, context) => checkOne(value, context, 'an item of `protocols`'));

const protocols = () => ({ protocols: optional(items(25, protocol())) });

/** ClusterNetworkPolicy of the Network Policy API (`policy.networking.k8s.io/v1alpha2`, clusternetworkpolicy_types.go). */
const schema = once(() =>
  z.object({
    ...typeMeta(),
    metadata: metadata(),
    spec: z.object({
      tier: z.enum(['Admin', 'Baseline']),
      priority: priority(),
      subject: subject(),
      ingress: listUpTo(25, z.object({ ...ingressRule(actions, 25), ...protocols() })),
      egress: listUpTo(
        25,
        z.object({ ...egressRule(actions, 25), ...protocols() }).superRefine(checkDomainNames),
      ),
    }),
    status: status(),
  }),
);

export type ClusterNetworkPolicy = z.infer<ReturnType<typeof schema>>;

export const clusterNetworkPolicyKind: KindDefinition<ClusterNetworkPolicy> = {
  kind: 'ClusterNetworkPolicy',
  apiVersions: ['policy.networking.k8s.io/v1alpha2'],
  namespaced: false,
  schema,
};
