import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { listUpTo } from './entry-fields.ts';
import { text } from './fields.ts';
import { backendRef, gatewayRoute, routeLimits } from './gateway-route.ts';

/** TLSRoute (gateway.networking.k8s.io/v1alpha2, v1alpha3 and v1). */
const schema = once(() =>
  gatewayRoute(
    z.object({ name: text(), backendRefs: listUpTo(routeLimits.backendRefs, backendRef({})) }),
    true,
  ),
);

export type TlsRoute = z.infer<ReturnType<typeof schema>>;

export const tlsRouteKind: KindDefinition<TlsRoute> = {
  kind: 'TLSRoute',
  apiVersions: [
    'gateway.networking.k8s.io/v1alpha3',
    'gateway.networking.k8s.io/v1alpha2',
    'gateway.networking.k8s.io/v1',
  ],
  namespaced: true,
  schema,
};
