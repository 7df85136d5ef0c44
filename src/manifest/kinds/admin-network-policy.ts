import { z } from 'zod';
import { adminPorts } from './admin-policy-ports.ts';
import { checkDomainNames, egressRule, ingressRule, priority, subject } from './cluster-policy-fields.ts';
import { type KindDefinition, once } from './definition.ts';
import { listUpTo } from './entry-fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';

const actions = ['Allow', 'Deny', 'Pass'] as const;

/** AdminNetworkPolicy of the Network Policy API (`policy.networking.k8s.io/v1alpha1`, adminnetworkpolicy_types.go). */
const schema = once(() =>
  z.object({
    ...typeMeta(),
    metadata: metadata(),
    spec: z.object({
      priority: priority(),
      subject: subject(),
      ingress: listUpTo(100, z.object({ ...ingressRule(actions, 100), ports: adminPorts() })),
      egress: listUpTo(
        100,
        z.object({ ...egressRule(actions, 100), ports: adminPorts() }).superRefine(checkDomainNames),
      ),
    }),
    status: status(),
  }),
);

export type AdminNetworkPolicy = z.infer<ReturnType<typeof schema>>;

export const adminNetworkPolicyKind: KindDefinition<AdminNetworkPolicy> = {
  kind: 'AdminNetworkPolicy',
  apiVersions: ['policy.networking.k8s.io/v1alpha1'],
  namespaced: false,
  schema,
};
