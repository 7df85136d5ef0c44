import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { ingressNginx } from '../../../product/ingress-nginx.ts';
import type { Check } from '../definition.ts';
import { isTrue, readSettings } from './settings.ts';

/** Headers about the client's address, believed whoever sends them. */
export const forwardedFromAnyone: Check = {
  code: 'PKT1111',
  title: 'Forwarded headers are believed from anyone',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `With \`use-forwarded-headers\` the controller takes the client's address from \`X-Forwarded-For\`, and it does so for senders
in \`proxy-real-ip-cidr\`, which is everyone (\`0.0.0.0/0\`) unless set. Whoever reaches the controller may then claim any
address: address allow lists open, and limits per client count an address that the client makes up.

Set \`proxy-real-ip-cidr\` to the addresses of the balancer in front.`,
  example: {
    bad: 'use-forwarded-headers: "true"',
    good: 'use-forwarded-headers: "true"\nproxy-real-ip-cidr: 192.0.2.0/28',
  },
  run(declared) {
    return readSettings(declared).flatMap(({ settings, object }) => {
      const using = settings.find(({ name }) => name === 'use-forwarded-headers');
      const from = settings.find(({ name }) => name === 'proxy-real-ip-cidr');
      if (!isTrue(using?.value)) return [];
      const ranges = (from?.value ?? '').split(',').map((range) => range.trim());
      if (from !== undefined && !ranges.some((range) => range === '0.0.0.0/0' || range === '::/0')) return [];
      const { configMap } = ingressNginx;
      const where = object.name === configMap.name ? '' : ` of ConfigMap ${object.namespace}/${object.name}`;
      return [
        diagnose(forwardedFromAnyone, {
          message: `anyone may claim any client address${where}: \`X-Forwarded-For\` is believed whoever sends it`,
          ...(using && { span: using.keySpan }),
          help: 'set `proxy-real-ip-cidr` to the addresses of the balancer in front, e.g. `192.0.2.0/28`',
        }),
      ];
    });
  },
};
