import { diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { Protocol } from '../../../net/protocol.ts';
import type { NetworkPolicy } from '../../../segmentation/network-policy.ts';
import type { CompiledPolicy } from '../../../segmentation/plan.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { allowsPort, companions } from '../network-policy/companions.ts';
import { appendItem } from '../yaml-edit.ts';
import { meshNamespaces } from './declared-mesh.ts';

const control = {
  port: 15_012,
  what: 'the sidecars get no certificate and no configuration: no egress rule allows TCP 15012 to istiod',
  help: 'allow TCP 15012 to the pods `app: istiod` of namespace istio-system',
  rule: [
    'to:',
    '- namespaceSelector:',
    '    matchLabels:',
    '      kubernetes.io/metadata.name: istio-system',
    '  podSelector:',
    '    matchLabels:',
    '      app: istiod',
    'ports:',
    '- protocol: TCP',
    '  port: 15012',
  ],
};
const tunnel = {
  port: 15_008,
  what: 'ambient traffic travels inside TCP 15008, which no egress rule allows',
  help: 'allow TCP 15008 to the same pods',
  rule: ['ports:', '- protocol: TCP', '  port: 15008'],
};

/** Pods of the mesh that cannot reach what the mesh needs. */
export const egressWithoutIstiod: Check = {
  code: 'PKT1046',
  title: 'Egress without the mesh',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `A NetworkPolicy isolates pods of the mesh for egress, and neither it nor another policy on the same pods allows what the
mesh itself needs. A sidecar gets its certificate and configuration from istiod on TCP 15012; without, it never becomes
ready, or keeps the last configuration until its certificate expires. In ambient mode all traffic between meshed pods
travels inside TCP 15008, so that NetworkPolicies see that port alone.`,
  example: {
    bad: 'kind: NetworkPolicy\nmetadata: {namespace: production}   # PeerAuthentication STRICT there\nspec:\n  egress:\n  - to: [{podSelector: {matchLabels: {tier: backend}}}]',
    good: '  - to:\n    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}\n      podSelector: {matchLabels: {app: istiod}}\n    ports: [{port: 15012}]',
  },
  run(declared) {
    const meshed = meshNamespaces(declared);
    const ambient = new Set(
      declared.inventory.namespaces
        .filter(({ labels }) => labels.known.get('istio.io/dataplane-mode') === 'ambient')
        .map(({ name }) => name),
    );
    return declared.segmentation.policies.flatMap((compiled) => {
      const { policy } = compiled;
      if (policy.fault !== undefined || !meshed.has(policy.namespace)) return [];
      if ((policy.rules.egress ?? []).length === 0) return [];
      const needed = ambient.has(policy.namespace) ? tunnel : control;
      return lacks(compiled, needed.port, declared) ? [finding(policy, needed, declared)] : [];
    });
  },
};

function lacks(compiled: CompiledPolicy, port: number, { segmentation }: Declared): boolean {
  const together = companions(segmentation, compiled, 'egress');
  return !allowsPort(together, 'egress', Protocol.Tcp, port);
}

function finding({ source }: NetworkPolicy, needed: typeof control, { manifests }: Declared) {
  const edit = appendItem(manifests.sources, source, ['spec', 'egress'], needed.rule);
  const fix: Fix | undefined = edit && { title: needed.help, safe: false, edits: [edit] };
  return diagnose(egressWithoutIstiod, {
    message: needed.what,
    span: source.keyAt(['spec', 'egress']),
    help: needed.help,
    ...(fix && { fix }),
  });
}
