import { z } from 'zod';
import { listenerRule } from '../codes.ts';
import { type KindDefinition, once } from './definition.ts';
import { hostName, listUpTo } from './entry-fields.ts';
import { breach, listOf, opaque, optional, portNumber, type RuleContext, text } from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';
import { labelSelector } from './selector.ts';

const listener = () =>
  z
    .object({
      name: z.string(),
      hostname: optional(hostName()),
      port: portNumber(),
      protocol: z.string(),
      tls: optional(
        z.object({
          mode: optional(z.enum(['Terminate', 'Passthrough'])),
          certificateRefs: listUpTo(
            64,
            z.object({ group: text(), kind: text(), name: z.string(), namespace: text() }),
          ),
          frontendValidation: opaque(),
          options: optional(z.record(z.string(), z.string())),
        }),
      ),
      allowedRoutes: optional(
        z.object({
          namespaces: optional(
            z.object({
              from: optional(z.enum(['All', 'Selector', 'Same', 'None'])),
              selector: optional(labelSelector()),
            }),
          ),
          kinds: listUpTo(8, z.object({ group: text(), kind: z.string() })),
        }),
      ),
    })
    .superRefine(({ protocol, tls, hostname }, context) => {
      const rule = (help: string) => ({ code: listenerRule, help, tolerated: true });
      if (tls && ['HTTP', 'TCP', 'UDP'].includes(protocol)) {
        const message = `a listener of protocol ${protocol} has no \`tls\``;
        breach(context, rule('use protocol HTTPS or TLS, or leave `tls` out'), ['tls'], message);
      }
      if (protocol === 'HTTPS' && tls?.mode === 'Passthrough') {
        const message = 'a listener of protocol HTTPS ends TLS itself';
        breach(context, rule('use protocol TLS, or mode Terminate'), ['tls', 'mode'], message);
      }
      if (protocol === 'TLS' && !tls?.mode) {
        const help = 'add `tls: {mode: Passthrough}`, or `Terminate` with a certificate';
        breach(context, rule(help), [], 'a listener of protocol TLS needs `tls.mode`');
      }
      if (hostname && ['TCP', 'UDP'].includes(protocol)) {
        const message = `a listener of protocol ${protocol} sees no host names`;
        breach(context, rule('leave `hostname` out'), ['hostname'], message);
      }
    });

type Listener = z.infer<ReturnType<typeof listener>>;

function checkDistinct(listeners: readonly Listener[], context: RuleContext): void {
  const names = new Set<string>();
  const ways = new Set<string>();
  for (const [index, { name, port, protocol, hostname }] of listeners.entries()) {
    const way = JSON.stringify([port, protocol, hostname || undefined]);
    const rule = { code: listenerRule, tolerated: true };
    if (names.has(name)) {
      const message = `there is another listener named \`${name}\``;
      breach(context, { ...rule, help: 'give each listener its own name' }, [index, 'name'], message);
    } else if (ways.has(way)) {
      const message = `there is another listener for ${protocol} on port ${port} and the same host name`;
      breach(context, { ...rule, help: 'join the two, or change one of these' }, [index], message);
    }
    names.add(name);
    ways.add(way);
  }
}

/** Gateway (gateway.networking.k8s.io/v1, with the rules of its CRD; experimental fields are known). */
const schema = once(() =>
  z.object({
    ...typeMeta(),
    metadata: metadata(),
    spec: z.object({
      gatewayClassName: z.string(),
      listeners: listUpTo(64, listener()).superRefine((listeners, context) => {
        checkDistinct(listeners ?? [], context);
      }),
      addresses: listOf(z.object({ type: text(), value: text() })),
      infrastructure: opaque(),
      allowedListeners: opaque(),
      backendTLS: opaque(),
      tls: opaque(),
      defaultScope: text(),
    }),
    status: status(),
  }),
);

export type Gateway = z.infer<ReturnType<typeof schema>>;

export const gatewayKind: KindDefinition<Gateway> = {
  kind: 'Gateway',
  apiVersions: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'],
  namespaced: true,
  schema,
};
