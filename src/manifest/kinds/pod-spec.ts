import { z } from 'zod';
import { invalidValue } from '../codes.ts';
import { container, ephemeralContainer, identityFields } from './container.ts';
import { once } from './definition.ts';
import {
  breach,
  flag,
  integer,
  listOf,
  opaque,
  optional,
  quantities,
  type RuleContext,
  text,
} from './fields.ts';
import { templateMetadata } from './metadata.ts';
import { volume } from './volume.ts';

const securityContext = () =>
  optional(
    z.object({
      ...identityFields(),
      fsGroup: integer(),
      fsGroupChangePolicy: text(),
      seLinuxChangePolicy: text(),
      supplementalGroups: listOf(z.int()),
      supplementalGroupsPolicy: text(),
      sysctls: listOf(z.object({ name: z.string(), value: z.string() })),
    }),
  );

const toleration = () =>
  z.object({
    key: text(),
    operator: optional(z.enum(['Exists', 'Equal', 'Lt', 'Gt'])),
    value: text(),
    effect: optional(z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute', ''])),
    tolerationSeconds: integer(),
  });

/**
 * PodSpec (core/v1, Kubernetes 1.33 and what 1.34 added). Not looked into: affinity, topology spread, readiness
 * gates, scheduling gates, resource claims, DNS configuration.
 */
export const podSpec = once(() =>
  z
    .object({
      containers: z.array(container()),
      initContainers: listOf(container()),
      ephemeralContainers: listOf(ephemeralContainer()),
      volumes: listOf(volume()),
      restartPolicy: optional(z.enum(['Always', 'OnFailure', 'Never'])),
      hostNetwork: flag(),
      hostPID: flag(),
      hostIPC: flag(),
      hostUsers: flag(),
      hostname: text(),
      hostnameOverride: text(),
      subdomain: text(),
      setHostnameAsFQDN: flag(),
      hostAliases: listOf(z.object({ ip: z.string(), hostnames: listOf(z.string()) })),
      nodeName: text(),
      nodeSelector: optional(z.record(z.string(), z.string())),
      affinity: opaque(),
      tolerations: listOf(toleration()),
      topologySpreadConstraints: listOf(z.looseObject({})),
      serviceAccountName: text(),
      serviceAccount: text(),
      automountServiceAccountToken: flag(),
      securityContext: securityContext(),
      shareProcessNamespace: flag(),
      dnsPolicy: optional(z.enum(['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'])),
      dnsConfig: opaque(),
      enableServiceLinks: flag(),
      imagePullSecrets: listOf(z.object({ name: text() })),
      priority: integer(),
      priorityClassName: text(),
      preemptionPolicy: text(),
      runtimeClassName: text(),
      schedulerName: text(),
      schedulingGates: listOf(z.looseObject({ name: z.string() })),
      readinessGates: listOf(z.looseObject({})),
      resourceClaims: listOf(z.looseObject({ name: z.string() })),
      resources: opaque(),
      overhead: quantities(),
      os: optional(z.object({ name: z.string() })),
      activeDeadlineSeconds: integer(),
      terminationGracePeriodSeconds: integer(),
      workloadRef: opaque(),
    })
    .superRefine(({ containers, initContainers }, context) => {
      if (containers.length === 0) {
        breach(
          context,
          { code: invalidValue, tolerated: true },
          ['containers'],
          'a pod needs at least one container',
        );
      }
      const seen = new Set<string>();
      checkNames(context, 'initContainers', initContainers ?? [], seen);
      checkNames(context, 'containers', containers, seen);
    }),
);

function checkNames(
  context: RuleContext,
  list: string,
  containers: readonly { readonly name?: string | null | undefined }[],
  seen: Set<string>,
): void {
  for (const [index, { name }] of containers.entries()) {
    if (!name) continue;
    if (seen.has(name)) {
      const message = `two containers of the pod are named \`${name}\``;
      breach(context, { code: invalidValue, tolerated: true }, [list, index, 'name'], message);
    }
    seen.add(name);
  }
}

/** PodTemplateSpec: what every workload makes its pods from. */
export const podTemplate = once(() => z.object({ metadata: optional(templateMetadata()), spec: podSpec() }));

export type PodSpec = z.infer<ReturnType<typeof podSpec>>;
export type PodTemplate = z.infer<ReturnType<typeof podTemplate>>;
