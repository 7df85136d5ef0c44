import { z } from 'zod';
import { policyValue, portLevelWithoutSelector } from '../codes.ts';
import { type KindDefinition, once } from './definition.ts';
import { breach, optional } from './fields.ts';
import { securityVersions, workloadSelector } from './istio-fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';

const mutualTls = () => z.object({ mode: optional(z.enum(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'])) });

const spec = () =>
  z
    .object({
      selector: workloadSelector(),
      mtls: optional(mutualTls()),
      portLevelMtls: optional(z.record(z.string(), mutualTls())),
    })
    .superRefine(({ selector, portLevelMtls }, context) => {
      const ports = Object.keys(portLevelMtls ?? {});
      for (const port of ports) {
        if (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535) continue;
        const rule = { code: policyValue, onKey: true, help: 'write the number of a port of the pods' };
        breach(context, rule, ['portLevelMtls', port], `\`${port}\` is no port number`);
      }
      if (ports.length > 0 && Object.keys(selector?.matchLabels ?? {}).length === 0) {
        const help = 'add `selector: {matchLabels: …}` for the pods whose port is meant';
        const rule = { code: portLevelWithoutSelector, onKey: true, tolerated: true, help };
        breach(context, rule, ['portLevelMtls'], '`portLevelMtls` counts only beside a `selector`');
      }
    });

/** PeerAuthentication (istio.io/docs, security/v1) as Istio's validation takes it. */
const schema = once(() =>
  z.object({ ...typeMeta(), metadata: metadata(), spec: optional(spec()), status: status() }),
);

export type PeerAuthentication = z.infer<ReturnType<typeof schema>>;

export const peerAuthenticationKind: KindDefinition<PeerAuthentication> = {
  kind: 'PeerAuthentication',
  apiVersions: securityVersions,
  namespaced: true,
  schema,
};
