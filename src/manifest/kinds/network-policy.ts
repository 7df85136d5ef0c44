import { z } from 'zod';
import { type Prefix, parsePrefix, prefixCovers } from '../../net/prefix.ts';
import { emptyPeer, endPortRule, ipBlockRule, mixedPeer } from '../codes.ts';
import { type KindDefinition, once } from './definition.ts';
import { breach, listOf, optional, portNumber, portReference, protocol, type RuleContext } from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';
import { labelSelector } from './selector.ts';

const ipBlock = () =>
  z.object({ cidr: z.string(), except: listOf(z.string()) }).superRefine(({ cidr, except }, context) => {
    const outer = checkPrefix(context, ['cidr'], cidr);
    for (const [index, text] of (except ?? []).entries()) {
      const inner = checkPrefix(context, ['except', index], text);
      if (!outer || !inner) continue;
      if (prefixCovers(outer, inner) && inner.length > outer.length) continue;
      const message = `\`${text}\` does not lie strictly inside \`${cidr}\``;
      const help = 'name a smaller range inside `cidr`, or remove the exception';
      breach(context, { code: ipBlockRule, help }, ['except', index], message);
    }
  });

function checkPrefix(context: RuleContext, path: (string | number)[], text: string): Prefix | undefined {
  const prefix = parsePrefix(text);
  if (!prefix) {
    const bare = parsePrefix(`${text}/${text.includes(':') ? 128 : 32}`);
    const help = bare
      ? `for one address write \`${text}/${bare.length}\``
      : 'write an address, a slash and a length, e.g. `10.0.0.0/8` or `2001:db8::/32`';
    breach(context, { code: ipBlockRule, help }, path, `\`${text}\` is no address range in CIDR form`);
  }
  return prefix;
}

const peer = () =>
  z
    .object({
      podSelector: optional(labelSelector()),
      namespaceSelector: optional(labelSelector()),
      ipBlock: optional(ipBlock()),
    })
    .superRefine((value, context) => {
      const selects = Boolean(value.podSelector || value.namespaceSelector);
      if (value.ipBlock && selects) {
        const help = 'make two list items of it; list items are alternatives';
        const message = '`ipBlock` cannot stand with `podSelector` or `namespaceSelector` in one peer';
        breach(context, { code: mixedPeer, help }, ['ipBlock'], message);
      } else if (!value.ipBlock && !selects) {
        const help =
          '`podSelector: {}` means all pods of this namespace, `namespaceSelector: {}` all pods of all namespaces';
        breach(
          context,
          { code: emptyPeer, help },
          [],
          'a peer needs `podSelector`, `namespaceSelector` or `ipBlock`',
        );
      }
    });

const port = () =>
  z
    .object({ protocol: protocol(), port: optional(portReference()), endPort: optional(portNumber()) })
    .superRefine(({ port: first, endPort }, context) => {
      if (typeof endPort !== 'number') return;
      if (typeof first === 'string') {
        const message = `\`endPort\` needs a numeric \`port\`, not the name \`${first}\``;
        breach(context, { code: endPortRule }, ['endPort'], message);
      } else if (typeof first !== 'number') {
        breach(context, { code: endPortRule }, ['endPort'], '`endPort` needs a `port`');
      } else if (endPort < first) {
        const message = `\`endPort\` ${endPort} is below \`port\` ${first}`;
        breach(context, { code: endPortRule }, ['endPort'], message);
      }
    });

/**
 * NetworkPolicy as the API server's validation takes it (networking.k8s.io/v1, API reference and
 * `ValidateNetworkPolicySpec`). An absent podSelector, as a null, selects all pods.
 */
const schema = once(() =>
  z.object({
    ...typeMeta(),
    metadata: metadata(),
    spec: optional(
      z.object({
        podSelector: optional(labelSelector()),
        policyTypes: listOf(z.enum(['Ingress', 'Egress'])),
        ingress: listOf(z.object({ from: listOf(peer()), ports: listOf(port()) })),
        egress: listOf(z.object({ to: listOf(peer()), ports: listOf(port()) })),
      }),
    ),
    status: status(),
  }),
);

export type NetworkPolicy = z.infer<ReturnType<typeof schema>>;
export type NetworkPolicyPeer = z.infer<ReturnType<typeof peer>>;
export type NetworkPolicyPort = z.infer<ReturnType<typeof port>>;

export const networkPolicyKind: KindDefinition<NetworkPolicy> = {
  kind: 'NetworkPolicy',
  apiVersions: ['networking.k8s.io/v1'],
  removed: { 'extensions/v1beta1': '1.16' },
  namespaced: true,
  schema,
};
