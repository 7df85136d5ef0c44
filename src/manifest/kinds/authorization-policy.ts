import { z } from 'zod';
import { parseAddress } from '../../net/address.ts';
import { parsePrefix } from '../../net/prefix.ts';
import {
  conditionRule,
  customProvider,
  emptySource,
  mixedIdentities,
  policyValue,
  selectorAndTarget,
  withoutRules,
} from '../codes.ts';
import { type KindDefinition, once } from './definition.ts';
import { breach, listOf, optional, type RuleContext } from './fields.ts';
import { securityVersions, targetReference, workloadSelector } from './istio-fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';

type Texts = readonly string[] | null | undefined;
type Problem = (value: string) => string | undefined;

const texts = () => listOf(z.string());

function checkTexts(context: RuleContext, field: string, values: Texts, problem?: Problem): void {
  for (const [index, value] of (values ?? []).entries()) {
    const found = value === '' ? 'an empty text matches nothing' : problem?.(value);
    if (found !== undefined) breach(context, { code: policyValue }, [field, index], found);
  }
}

function checkNotEmpty(context: RuleContext, value: object, what: string, help: string): void {
  const isEmpty = Object.values(value).every((list) => !Array.isArray(list) || list.length === 0);
  if (isEmpty) breach(context, { code: emptySource, help }, [], `a ${what} must ask for something`);
}

const blockProblem: Problem = (value) =>
  parseAddress(value) || parsePrefix(value) ? undefined : `\`${value}\` is no address and no CIDR`;

const portProblem: Problem = (value) =>
  /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65535
    ? undefined
    : `\`${value}\` is no port number`;

/** Operators of path templates are whole segments, `{**}` the last of them, without `*` beside them. */
const pathProblem: Problem = (value) => {
  if (!value.includes('{*}') && !value.includes('{**}')) return undefined;
  const segments = value.split('/');
  const isOperator = (segment: string) => segment === '{*}' || segment === '{**}';
  const operators = segments.filter(isOperator);
  const isWhole = segments.every((segment) => isOperator(segment) || !/[{}*]/.test(segment));
  const isLast = operators.indexOf('{**}') < 0 || operators.indexOf('{**}') === operators.length - 1;
  if (isWhole && isLast) return undefined;
  return `in \`${value}\` each operator must be a whole segment, and \`{**}\` the last of them`;
};

const source = () =>
  z
    .object({
      principals: texts(),
      notPrincipals: texts(),
      requestPrincipals: texts(),
      notRequestPrincipals: texts(),
      namespaces: texts(),
      notNamespaces: texts(),
      serviceAccounts: texts(),
      notServiceAccounts: texts(),
      ipBlocks: texts(),
      notIpBlocks: texts(),
      remoteIpBlocks: texts(),
      notRemoteIpBlocks: texts(),
    })
    .superRefine((value, context) => {
      checkNotEmpty(context, value, 'source', 'leave `from` out for any source');
      for (const [field, list] of Object.entries(value)) {
        checkTexts(context, field, list, /ipBlocks$/i.test(field) ? blockProblem : undefined);
      }
      const accounts = [...(value.serviceAccounts ?? []), ...(value.notServiceAccounts ?? [])];
      const others = [value.principals, value.notPrincipals, value.namespaces, value.notNamespaces];
      if (accounts.length > 0 && others.some((list) => list && list.length > 0)) {
        const help = 'keep `serviceAccounts`; write `namespace/name` for accounts elsewhere';
        const message = '`serviceAccounts` cannot stand beside `principals` or `namespaces`';
        breach(context, { code: mixedIdentities, help }, [], message);
      }
    });

const operation = () =>
  z
    .object({
      hosts: texts(),
      notHosts: texts(),
      ports: texts(),
      notPorts: texts(),
      methods: texts(),
      notMethods: texts(),
      paths: texts(),
      notPaths: texts(),
    })
    .superRefine((value, context) => {
      checkNotEmpty(context, value, 'operation', 'leave `to` out for any operation');
      for (const [field, list] of Object.entries(value)) {
        const isPort = field === 'ports' || field === 'notPorts';
        const isPath = field === 'paths' || field === 'notPaths';
        checkTexts(context, field, list, isPort ? portProblem : isPath ? pathProblem : undefined);
      }
    });

/** Keys of `when` (istio.io/docs, "Authorization Policy Conditions"). */
const conditionKeys: ReadonlySet<string> = new Set([
  'source.ip',
  'remote.ip',
  'source.namespace',
  'source.principal',
  'source.serviceAccount',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'destination.ip',
  'destination.port',
  'connection.sni',
]);
const bracketed = [
  /^request\.headers\[[^[\]]+\]$/,
  /^request\.auth\.claims(\[[^[\]]+\])+$/,
  /^experimental\.envoy\.filters\.[^[\]]+\[[^[\]]+\]$/,
];

const condition = () =>
  z.object({ key: z.string(), values: texts(), notValues: texts() }).superRefine((value, context) => {
    const { key, values, notValues } = value;
    if (!conditionKeys.has(key) && !bracketed.some((pattern) => pattern.test(key))) {
      const help = `known are ${[...conditionKeys].join(', ')}, request.headers[NAME] and request.auth.claims[NAME]`;
      breach(context, { code: conditionRule, help }, ['key'], `\`${key}\` is no attribute of a request`);
    }
    if ((values ?? []).length === 0 && (notValues ?? []).length === 0) {
      const help = 'give `values` or `notValues`; `values: ["*"]` asks for presence';
      breach(context, { code: conditionRule, help }, [], 'a condition needs `values` or `notValues`');
    }
    const problem = key.endsWith('.ip') ? blockProblem : key === 'destination.port' ? portProblem : undefined;
    checkTexts(context, 'values', values, problem);
    checkTexts(context, 'notValues', notValues, problem);
  });

/** A list that is given must have an item: an empty one reads like "nobody" and means "anybody". */
function filled<T extends z.ZodType>(schema: T, field: string) {
  return listOf(schema).superRefine((value, context) => {
    if (Array.isArray(value) && value.length === 0) {
      const help = `leave \`${field}\` out when anything goes`;
      breach(context, { code: emptySource, help }, [], `\`${field}\` is empty`);
    }
  });
}

const rule = () =>
  z.object({
    from: filled(z.object({ source: source() }), 'from'),
    to: filled(z.object({ operation: operation() }), 'to'),
    when: listOf(condition()),
  });

const spec = () =>
  z
    .object({
      selector: workloadSelector(),
      targetRef: optional(targetReference()),
      targetRefs: listOf(targetReference()),
      action: optional(z.enum(['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'])),
      provider: optional(z.object({ name: optional(z.string()) })),
      rules: listOf(rule()),
    })
    .superRefine(({ selector, targetRef, targetRefs, action, provider, rules }, context) => {
      const targets = [...(targetRefs ?? []), ...(targetRef ? [targetRef] : [])];
      if (selector && targets.length > 0) {
        const help = 'keep `targetRefs` for a waypoint or gateway, `selector` for the pods themselves';
        const message = '`selector` and `targetRefs` cannot stand together';
        breach(context, { code: selectorAndTarget, onKey: true, help }, ['selector'], message);
      }
      if ((action === 'DENY' || action === 'CUSTOM') && (rules ?? []).length === 0) {
        const help = 'write `rules: [{}]` for every request';
        const message = `a ${action} policy without rules never matches`;
        breach(context, { code: withoutRules, tolerated: true, help }, ['action'], message);
      }
      if (action === 'CUSTOM' && !provider?.name) {
        const help =
          'add `provider: {name: …}` with a name out of `extensionProviders` of the mesh configuration';
        breach(
          context,
          { code: customProvider, tolerated: true, help },
          ['action'],
          'a CUSTOM policy needs a provider',
        );
      } else if (action !== 'CUSTOM' && provider) {
        const rule = {
          code: customProvider,
          tolerated: true,
          onKey: true,
          help: 'write `action: CUSTOM`, or remove it',
        };
        breach(context, rule, ['provider'], '`provider` counts only with `action: CUSTOM`');
      }
    });

/** AuthorizationPolicy (istio.io/docs, security/v1) as Istio's validation takes it. */
const schema = once(() =>
  z.object({ ...typeMeta(), metadata: metadata(), spec: optional(spec()), status: status() }),
);

export type AuthorizationPolicy = z.infer<ReturnType<typeof schema>>;

export const authorizationPolicyKind: KindDefinition<AuthorizationPolicy> = {
  kind: 'AuthorizationPolicy',
  apiVersions: securityVersions,
  namespaced: true,
  schema,
};
