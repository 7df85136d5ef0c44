import { z } from 'zod';
import { entryBackend, entryHost, requestPath, routeTls } from '../codes.ts';
import { type KindDefinition, once } from './definition.ts';
import { hostProblem, listUpTo } from './entry-fields.ts';
import { breach, opaque, optional, type RuleContext, text, textThat } from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';

const target = () =>
  z
    .object({ kind: optional(z.enum(['Service', ''])), name: z.string(), weight: optional(z.int()) })
    .superRefine(({ weight }, context) => {
      if (typeof weight !== 'number' || (weight >= 0 && weight <= 256)) return;
      const message = `\`${weight}\` is no weight: it must be from 0 to 256`;
      breach(context, { code: entryBackend }, ['weight'], message);
    });

const tls = () =>
  z.object({
    termination: z.enum(['edge', 'passthrough', 'reencrypt']),
    insecureEdgeTerminationPolicy: optional(z.enum(['Allow', 'Redirect', 'None', ''])),
    certificate: text(),
    key: text(),
    caCertificate: text(),
    destinationCACertificate: text(),
    externalCertificate: optional(z.object({ name: z.string() })),
  });

const spec = () =>
  z
    .object({
      host: optional(textThat((host) => (host === '' ? undefined : hostProblem(host)), entryHost)),
      subdomain: text(),
      path: text(),
      to: target(),
      alternateBackends: listUpTo(3, target()),
      port: optional(
        z.object({
          targetPort: z.union([z.int(), z.string()], { error: 'must be a port number or a port name' }),
        }),
      ),
      tls: optional(tls()),
      wildcardPolicy: optional(z.enum(['None', 'Subdomain', ''])),
      httpHeaders: opaque(),
    })
    .superRefine((value, context: RuleContext) => {
      const { path, port, tls: encryption, wildcardPolicy, host } = value;
      if (path && !path.startsWith('/')) {
        breach(
          context,
          { code: requestPath, tolerated: true },
          ['path'],
          `\`${path}\` must begin with \`/\``,
        );
      }
      if (port && (port.targetPort === '' || port.targetPort === 0)) {
        breach(context, { code: entryBackend }, ['port', 'targetPort'], 'a port must not be empty');
      }
      if (wildcardPolicy === 'Subdomain' && !host) {
        const rule = { code: entryHost, help: 'add `host`', tolerated: true };
        breach(context, rule, ['wildcardPolicy'], 'a wildcard needs a `host`');
      }
      if (encryption) checkTls(encryption, Boolean(path), context);
    });

function checkTls(value: z.infer<ReturnType<typeof tls>>, hasPath: boolean, context: RuleContext): void {
  const { termination } = value;
  const tell = (path: string[], message: string) =>
    breach(context, { code: routeTls, tolerated: true }, path, message);
  if (termination === 'passthrough') {
    if (hasPath) tell(['path'], 'with `termination: passthrough` the router sees no path');
    if (value.insecureEdgeTerminationPolicy === 'Allow') {
      tell(
        ['tls', 'insecureEdgeTerminationPolicy'],
        'with `termination: passthrough` plain requests cannot be let in',
      );
    }
    for (const field of ['certificate', 'key', 'caCertificate', 'externalCertificate'] as const) {
      if (value[field])
        tell(['tls', field], `with \`termination: passthrough\` the router uses no \`${field}\``);
    }
  }
  if (termination !== 'reencrypt' && value.destinationCACertificate) {
    const field = 'destinationCACertificate';
    tell(['tls', field], `\`${field}\` belongs to \`termination: reencrypt\``);
  }
}

/** OpenShift Route (route.openshift.io/v1). */
const schema = once(() => z.object({ ...typeMeta(), metadata: metadata(), spec: spec(), status: status() }));

export type Route = z.infer<ReturnType<typeof schema>>;

export const routeKind: KindDefinition<Route> = {
  kind: 'Route',
  apiVersions: ['route.openshift.io/v1'],
  namespaced: true,
  schema,
};
