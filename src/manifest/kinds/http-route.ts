import { z } from 'zod';
import { requestPath, routeRule } from '../codes.ts';
import { type KindDefinition, once } from './definition.ts';
import { listUpTo, pathProblem } from './entry-fields.ts';
import { breach, opaque, optional, text } from './fields.ts';
import { backendRef, filters, gatewayRoute, routeLimits, valueMatches } from './gateway-route.ts';

const methods = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
] as const;

const path = () =>
  z
    .object({ type: optional(z.enum(['Exact', 'PathPrefix', 'RegularExpression'])), value: text() })
    .superRefine(({ type, value }, context) => {
      if (type === 'RegularExpression' || value === undefined || value === null) return;
      const problem =
        pathProblem(value) ?? (value.includes('#') ? `\`${value}\` must not contain \`#\`` : undefined);
      if (problem) breach(context, { code: requestPath, tolerated: true }, ['value'], problem);
    });

const match = () =>
  z.object({
    path: optional(path()),
    headers: valueMatches(),
    queryParams: valueMatches(),
    method: optional(z.enum(methods)),
  });

const rule = () =>
  z
    .object({
      name: text(),
      matches: listUpTo(routeLimits.matches, match()),
      filters: filters(),
      backendRefs: listUpTo(routeLimits.backendRefs, backendRef({ filters: filters() })),
      timeouts: opaque(),
      retry: opaque(),
      sessionPersistence: opaque(),
    })
    .superRefine((value, context) => {
      const redirects = value.filters?.some(({ requestRedirect }) => requestRedirect);
      if (!redirects || !value.backendRefs?.length) return;
      const help = 'leave `backendRefs` out, or make two rules of it';
      const message = 'a rule that redirects has no backends';
      breach(context, { code: routeRule, help, tolerated: true }, ['backendRefs'], message);
    });

/** HTTPRoute (gateway.networking.k8s.io/v1, with the rules of its CRD; experimental fields are known). */
const schema = once(() => gatewayRoute(rule(), true));

export type HttpRoute = z.infer<ReturnType<typeof schema>>;

export const httpRouteKind: KindDefinition<HttpRoute> = {
  kind: 'HTTPRoute',
  apiVersions: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'],
  namespaced: true,
  schema,
};
