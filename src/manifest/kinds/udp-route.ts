import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { listUpTo } from './entry-fields.ts';
import { text } from './fields.ts';
import { backendRef, gatewayRoute, routeLimits } from './gateway-route.ts';

/** UDPRoute (gateway.networking.k8s.io/v1alpha2). */
const schema = once(() =>
  gatewayRoute(
    z.object({ name: text(), backendRefs: listUpTo(routeLimits.backendRefs, backendRef({})) }),
    false,
  ),
);

export type UdpRoute = z.infer<ReturnType<typeof schema>>;

export const udpRouteKind: KindDefinition<UdpRoute> = {
  kind: 'UDPRoute',
  apiVersions: ['gateway.networking.k8s.io/v1alpha2'],
  namespaced: true,
  schema,
};
