import { z } from 'zod';
import { entryBackend, ingressWithoutBackend, requestPath } from '../codes.ts';
import { type KindDefinition, once } from './definition.ts';
import { hostName, pathProblem } from './entry-fields.ts';
import { breach, listOf, optional, portProblem, type RuleContext, text, textThat } from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';
import { dnsSubdomainProblem, portNameProblem } from './syntax.ts';

/** 0 stands for "none" in a port's number, as the empty text in its name. */
const port = () =>
  z.object({
    name: optional(textThat((name) => (name === '' ? undefined : portNameProblem(name)), entryBackend)),
    number: optional(
      z.int().superRefine((value, context) => {
        const problem = value === 0 ? undefined : portProblem(value);
        if (problem) breach(context, { code: entryBackend }, [], problem);
      }),
    ),
  });

const backend = () =>
  z
    .object({
      service: optional(z.object({ name: z.string(), port: optional(port()) })),
      resource: optional(z.object({ apiGroup: text(), kind: z.string(), name: z.string() })),
    })
    .superRefine(({ service, resource }, context) => {
      if (service && resource) {
        const message = 'a backend is a `service` or a `resource`, not both';
        breach(context, { code: entryBackend, help: 'leave one of them out' }, ['resource'], message);
      } else if (!service && !resource) {
        breach(context, { code: entryBackend, help: 'add `service`' }, [], 'a backend needs a `service`');
      }
      if (!service) return;
      const { name, number } = service.port ?? {};
      if (name && number) {
        const message = 'a port is a `number` or a `name`, not both';
        breach(context, { code: entryBackend, help: 'leave one of them out' }, ['service', 'port'], message);
      } else if (!name && !number) {
        const help = 'add `port: {number: …}`';
        breach(context, { code: entryBackend, help }, ['service'], 'the Service needs a port');
      }
    });

const pathTypes = ['Exact', 'Prefix', 'ImplementationSpecific'] as const;

const path = () =>
  z
    .object({ path: text(), pathType: optional(z.enum(pathTypes)), backend: backend() })
    .superRefine(({ path: value, pathType }, context: RuleContext) => {
      if (!pathType) {
        const help = 'add `pathType: Prefix`, or `Exact`';
        breach(context, { code: requestPath, help, tolerated: true }, [], '`pathType` is missing');
      }
      const isFree = (pathType ?? 'ImplementationSpecific') === 'ImplementationSpecific';
      if (isFree && !value) return;
      const problem = isFree
        ? value?.startsWith('/')
          ? undefined
          : `\`${value}\` must begin with \`/\``
        : pathProblem(value ?? '');
      if (problem) breach(context, { code: requestPath, tolerated: true }, value ? ['path'] : [], problem);
    });

const spec = () =>
  z
    .object({
      ingressClassName: optional(textThat(dnsSubdomainProblem)),
      defaultBackend: optional(backend()),
      tls: listOf(z.object({ hosts: listOf(hostName()), secretName: text() })),
      rules: listOf(
        z.object({
          host: optional(hostName()),
          http: optional(z.object({ paths: z.array(path()) })),
        }),
      ),
    })
    .superRefine(({ rules, defaultBackend }, context) => {
      if (rules?.length || defaultBackend) return;
      const rule = {
        code: ingressWithoutBackend,
        help: 'add `rules` or a `defaultBackend`',
        tolerated: true,
      };
      breach(context, rule, [], 'an Ingress needs `rules` or a `defaultBackend`');
    });

/** Ingress as the API server's validation takes it (networking.k8s.io/v1, `ValidateIngressSpec`). */
const schema = once(() =>
  z.object({ ...typeMeta(), metadata: metadata(), spec: optional(spec()), status: status() }),
);

export type Ingress = z.infer<ReturnType<typeof schema>>;

export const ingressKind: KindDefinition<Ingress> = {
  kind: 'Ingress',
  apiVersions: ['networking.k8s.io/v1'],
  removed: { 'extensions/v1beta1': '1.22', 'networking.k8s.io/v1beta1': '1.22' },
  namespaced: true,
  schema,
};
