import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Check } from '../definition.ts';
import { isTrue, settingsOf } from './settings.ts';

/** A redirect to TLS for hosts that may have no certificate, or whose TLS ends before the controller. */
export const forcedRedirect: Check = {
  code: 'PKT1110',
  title: 'Redirect to TLS for every host',
  class: 'environment',
  severity: 'note',
  since: '0.2.0',
  doc: `\`ssl-redirect\`, which is on unless told otherwise, sends clients to TLS on every host that has a certificate.
\`force-ssl-redirect\` does so for all other hosts too. These need a certificate then: clients are sent to the controller's
self-signed default one, and refuse it.

If a load balancer ends TLS before the controller, the controller sees plain HTTP and redirects again, for ever, unless
it is told to believe the balancer's \`X-Forwarded-Proto\` by \`use-forwarded-headers: "true"\`, with the balancer's
addresses in \`proxy-real-ip-cidr\`.

Where TLS ends at the controller leave the key out and give each Ingress a \`tls\` section.`,
  example: {
    bad: 'force-ssl-redirect: "true"',
    good: 'force-ssl-redirect: "true"\nuse-forwarded-headers: "true"\nproxy-real-ip-cidr: 192.0.2.0/28',
  },
  run(declared) {
    return settingsOf(declared).flatMap(({ settings }) => {
      const value = (name: string) => settings.find((setting) => setting.name === name)?.value;
      const forced = settings.find(({ name }) => name === 'force-ssl-redirect');
      if (!isTrue(forced?.value) || isTrue(value('use-forwarded-headers'))) return [];
      return [
        diagnose(forcedRedirect, {
          message:
            'hosts without a certificate are sent to the default one, and if a balancer ends TLS before the controller, clients are redirected for ever',
          ...(forced && { span: forced.keySpan }),
          help: 'leave it out (`ssl-redirect` does it for hosts with a certificate); behind a balancer that ends TLS add `use-forwarded-headers: "true"` and its addresses as `proxy-real-ip-cidr`',
        }),
      ];
    });
  },
};
