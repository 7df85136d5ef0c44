import { z } from 'zod';
import { entryBackend, invalidValue, routeRule } from '../codes.ts';
import { hostName, listUpTo } from './entry-fields.ts';
import { breach, integer, opaque, optional, portNumber, type RuleContext, text } from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';

/** Limits of the Gateway API on lists of a route. */
export const routeLimits = {
  parentRefs: 32,
  hostnames: 16,
  rules: 16,
  matches: 64,
  filters: 16,
  backendRefs: 16,
};

const parent = () =>
  z.object({
    group: text(),
    kind: text(),
    namespace: text(),
    name: z.string(),
    sectionName: text(),
    port: optional(portNumber()),
  });

type Parent = z.infer<ReturnType<typeof parent>>;

function checkParents(parents: readonly Parent[], context: RuleContext): void {
  const seen = new Set<string>();
  for (const [index, { group, kind, namespace, name, sectionName, port }] of parents.entries()) {
    const key = JSON.stringify([group, kind, namespace, name, sectionName, port].map((part) => part ?? ''));
    if (seen.has(key)) {
      const rule = {
        code: routeRule,
        help: 'leave one of them out, or name a `sectionName`',
        tolerated: true,
      };
      breach(context, rule, [index], `the route names \`${name}\` twice`);
    }
    seen.add(key);
  }
}

const reference = () => ({
  group: text(),
  kind: text(),
  name: z.string(),
  namespace: text(),
  port: optional(portNumber()),
});

interface Reference {
  readonly group?: string | null | undefined;
  readonly kind?: string | null | undefined;
  readonly port?: number | null | undefined;
}

function checkPort({ group, kind, port }: Reference, context: RuleContext): void {
  const isService = (group ?? '') === '' && (kind ?? 'Service') === 'Service';
  if (!isService || typeof port === 'number') return;
  breach(
    context,
    { code: entryBackend, help: 'add `port`' },
    [],
    'a backend that is a Service needs a `port`',
  );
}

/** A backend with a weight; `more` are fields of this kind of route. */
export const backendRef = <F extends z.ZodRawShape>(more: F) =>
  z
    .object({
      ...reference(),
      weight: optional(
        z.int().superRefine((value, context) => {
          if (value >= 0 && value <= 1_000_000) return;
          breach(
            context,
            { code: invalidValue },
            [],
            `\`${value}\` is no weight: it must be from 0 to 1000000`,
          );
        }),
      ),
      ...more,
    })
    .superRefine((value, context) => checkPort(value as Reference, context));

/** The field that each type of filter needs. */
const filterFields: Readonly<Record<string, string>> = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  CORS: 'cors',
  ExternalAuth: 'externalAuth',
  ExtensionRef: 'extensionRef',
};

/** Filters of an HTTPRoute or a GRPCRoute. */
export const filters = () =>
  listUpTo(
    routeLimits.filters,
    z
      .object({
        type: z.string(),
        requestHeaderModifier: opaque(),
        responseHeaderModifier: opaque(),
        requestMirror: optional(
          z.object({
            backendRef: z.object(reference()).superRefine(checkPort),
            percent: integer(),
            fraction: opaque(),
          }),
        ),
        requestRedirect: opaque(),
        urlRewrite: opaque(),
        cors: opaque(),
        externalAuth: opaque(),
        extensionRef: opaque(),
      })
      .superRefine((value, context) => {
        const field = Object.hasOwn(filterFields, value.type) ? filterFields[value.type] : undefined;
        if (field === undefined || (value as Record<string, unknown>)[field]) return;
        const rule = { code: routeRule, help: `add \`${field}\``, tolerated: true };
        breach(context, rule, [], `a filter of type ${value.type} needs \`${field}\``);
      }),
  );

/** Conditions on headers and on the query. */
export const valueMatches = () =>
  listUpTo(16, z.object({ type: text(), name: z.string(), value: z.string() }));

/** A route whose rules have the fields `rule`; one that knows no host names leaves `hosts` out. */
export function gatewayRoute<R extends z.ZodType>(rule: R, hosts: boolean) {
  return z.object({
    ...typeMeta(),
    metadata: metadata(),
    spec: z.object({
      parentRefs: listUpTo(routeLimits.parentRefs, parent()).superRefine((parents, context) => {
        checkParents(parents ?? [], context);
      }),
      useDefaultGateways: text(),
      ...(hosts ? { hostnames: listUpTo(routeLimits.hostnames, hostName()) } : {}),
      rules: listUpTo(routeLimits.rules, rule),
    }),
    status: status(),
  });
}
