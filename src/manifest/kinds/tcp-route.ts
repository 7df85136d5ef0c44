import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { listUpTo } from './entry-fields.ts';
import { text } from './fields.ts';
import { backendRef, gatewayRoute, routeLimits } from './gateway-route.ts';

/** TCPRoute (gateway.networking.k8s.io/v1alpha2 and v1). */
const schema = once(() =>
  gatewayRoute(
    z.object({ name: text(), backendRefs: listUpTo(routeLimits.backendRefs, backendRef({})) }),
    false,
  ),
);

export type TcpRoute = z.infer<ReturnType<typeof schema>>;

export const tcpRouteKind: KindDefinition<TcpRoute> = {
  kind: 'TCPRoute',
  apiVersions: ['gateway.networking.k8s.io/v1alpha2', 'gateway.networking.k8s.io/v1'],
  namespaced: true,
  schema,
};
