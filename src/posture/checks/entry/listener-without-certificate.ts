import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Resource } from '../../../manifest/resource.ts';
import { lastOfEach } from '../../../segmentation/inventory.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../../../segmentation/values.ts';
import { groupOf } from '../../../segmentation/workloads.ts';
import type { Check } from '../definition.ts';

/** A listener that ends TLS and has nothing to show. */
export const listenerWithoutCertificate: Check = {
  code: 'PKT1089',
  title: 'HTTPS listener without a certificate',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `A listener of protocol HTTPS, or TLS with mode Terminate, ends TLS at the Gateway. Without \`tls.certificateRefs\` (or
options of the implementation that stand for them) it has no certificate: no client gets in.

Name the Secret of the certificate. cert-manager makes one for a Gateway only where \`certificateRefs\` says how to call it.`,
  example: {
    bad: 'listeners:\n- {name: https, port: 443, protocol: HTTPS}',
    good: 'listeners:\n- name: https\n  port: 443\n  protocol: HTTPS\n  tls: {certificateRefs: [{name: edge-tls}]}',
  },
  run({ manifests }) {
    return lastOfEach(manifests.resources).flatMap((resource) =>
      resource.kind === 'Gateway' && groupOf(resource) === 'gateway.networking.k8s.io'
        ? findingsOf(resource)
        : [],
    );
  },
};

function findingsOf(gateway: Resource): Diagnostic[] {
  if (Object.keys(gateway.annotations).some((key) => /certmap|pre-shared-cert/.test(key))) return [];
  return listOf(fieldAt(gateway.value, 'spec', 'listeners')).flatMap((value, index) => {
    const { name, protocol, tls } = fieldsOf(value);
    const { mode, certificateRefs, options } = fieldsOf(tls);
    const ends = protocol === 'HTTPS' || (protocol === 'TLS' && mode === 'Terminate');
    if (!ends || mode === 'Passthrough') return [];
    if (listOf(certificateRefs).length > 0 || Object.keys(fieldsOf(options)).length > 0) return [];
    const path = ['spec', 'listeners', index];
    const called = textOf(name);
    return [
      diagnose(listenerWithoutCertificate, {
        message: `listener ${called ?? index} ends TLS and names no certificate: no client gets in`,
        span: tls === undefined ? gateway.at([...path, 'protocol']) : gateway.keyAt([...path, 'tls']),
        help: `add \`tls: {certificateRefs: [{name: ${gateway.name}-tls}]}\`, with the Secret of the certificate in namespace ${gateway.namespace ?? 'default'}`,
      }),
    ];
  });
}
