import { z } from 'zod';
import { baselineName } from '../codes.ts';
import { adminPorts } from './admin-policy-ports.ts';
import { baselineEgressRule, ingressRule, subject } from './cluster-policy-fields.ts';
import { type KindDefinition, once } from './definition.ts';
import { listUpTo } from './entry-fields.ts';
import { breach } from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';

const actions = ['Allow', 'Deny'] as const;

/**
 * BaselineAdminNetworkPolicy of the Network Policy API (`policy.networking.k8s.io/v1alpha1`,
 * baselineadminnetworkpolicy_types.go): one for the cluster, and its name is `default`.
 */
const schema = once(() =>
  z.object({
    ...typeMeta(),
    metadata: metadata().superRefine(({ name }, context) => {
      if (name === 'default' || !name) return;
      const help = 'name it `default`, or write a ClusterNetworkPolicy with `tier: Baseline`';
      breach(
        context,
        { code: baselineName, help },
        ['name'],
        `the name must be \`default\`, not \`${name}\``,
      );
    }),
    spec: z.object({
      subject: subject(),
      ingress: listUpTo(100, z.object({ ...ingressRule(actions, 100), ports: adminPorts() })),
      egress: listUpTo(100, z.object({ ...baselineEgressRule(actions, 100), ports: adminPorts() })),
    }),
    status: status(),
  }),
);

export type BaselineAdminNetworkPolicy = z.infer<ReturnType<typeof schema>>;

export const baselineAdminNetworkPolicyKind: KindDefinition<BaselineAdminNetworkPolicy> = {
  kind: 'BaselineAdminNetworkPolicy',
  apiVersions: ['policy.networking.k8s.io/v1alpha1'],
  namespaced: false,
  schema,
};
