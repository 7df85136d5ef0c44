import { z } from 'zod';
import { routeRule } from '../codes.ts';
import { type KindDefinition, once } from './definition.ts';
import { listUpTo } from './entry-fields.ts';
import { breach, opaque, optional, text } from './fields.ts';
import { backendRef, filters, gatewayRoute, routeLimits, valueMatches } from './gateway-route.ts';

const method = () =>
  z
    .object({ type: optional(z.enum(['Exact', 'RegularExpression'])), service: text(), method: text() })
    .superRefine(({ service, method: name }, context) => {
      if (service || name) return;
      const rule = { code: routeRule, help: 'add one of them', tolerated: true };
      breach(context, rule, [], 'a method match needs a `service` or a `method`');
    });

/** GRPCRoute (gateway.networking.k8s.io/v1). */
const schema = once(() =>
  gatewayRoute(
    z.object({
      name: text(),
      matches: listUpTo(
        routeLimits.matches,
        z.object({ method: optional(method()), headers: valueMatches() }),
      ),
      filters: filters(),
      backendRefs: listUpTo(routeLimits.backendRefs, backendRef({ filters: filters() })),
      sessionPersistence: opaque(),
    }),
    true,
  ),
);

export type GrpcRoute = z.infer<ReturnType<typeof schema>>;

export const grpcRouteKind: KindDefinition<GrpcRoute> = {
  kind: 'GRPCRoute',
  apiVersions: ['gateway.networking.k8s.io/v1'],
  namespaced: true,
  schema,
};
