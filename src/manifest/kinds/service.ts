import { z } from 'zod';
import { invalidValue } from '../codes.ts';
import { type KindDefinition, once } from './definition.ts';
import {
  breach,
  flag,
  integer,
  labels,
  listOf,
  opaque,
  optional,
  portNumber,
  portReference,
  protocol,
  text,
  textThat,
} from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';
import { dnsLabelProblem, serviceNameProblem } from './syntax.ts';

const port = () =>
  z.object({
    name: optional(textThat(dnsLabelProblem)),
    protocol: protocol(),
    appProtocol: text(),
    port: portNumber(),
    targetPort: optional(portReference()),
    nodePort: integer(),
  });

const spec = () =>
  z
    .object({
      type: optional(z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'])),
      selector: optional(labels()),
      ports: listOf(port()),
      clusterIP: text(),
      clusterIPs: listOf(z.string()),
      externalIPs: listOf(z.string()),
      externalName: text(),
      externalTrafficPolicy: optional(z.enum(['Cluster', 'Local', ''])),
      internalTrafficPolicy: optional(z.enum(['Cluster', 'Local'])),
      ipFamilies: listOf(z.enum(['IPv4', 'IPv6'])),
      ipFamilyPolicy: optional(z.enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])),
      sessionAffinity: optional(z.enum(['ClientIP', 'None'])),
      sessionAffinityConfig: opaque(),
      loadBalancerIP: text(),
      loadBalancerSourceRanges: listOf(z.string()),
      loadBalancerClass: text(),
      allocateLoadBalancerNodePorts: flag(),
      healthCheckNodePort: integer(),
      publishNotReadyAddresses: flag(),
      trafficDistribution: text(),
    })
    .superRefine(({ ports }, context) => {
      const many = (ports?.length ?? 0) > 1;
      for (const [index, { name }] of (ports ?? []).entries()) {
        if (many && !name) {
          const message = 'a Service with several ports must name each of them';
          breach(context, { code: invalidValue, tolerated: true }, ['ports', index], message);
        }
      }
    });

/** Service (core/v1). */
const schema = once(() =>
  z.object({
    ...typeMeta(),
    metadata: metadata(serviceNameProblem),
    spec: optional(spec()),
    status: status(),
  }),
);

export type Service = z.infer<ReturnType<typeof schema>>;
export type ServicePort = z.infer<ReturnType<typeof port>>;

export const serviceKind: KindDefinition<Service> = {
  kind: 'Service',
  apiVersions: ['v1'],
  namespaced: true,
  schema,
};
