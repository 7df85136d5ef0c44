import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { Protocol } from '../../../net/protocol.ts';
import type { NetworkPolicy } from '../../../segmentation/network-policy.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { appendItem } from '../yaml-edit.ts';
import { allowsPort, companions } from './companions.ts';

const rule = [
  'to:',
  '- namespaceSelector:',
  '    matchLabels:',
  '      kubernetes.io/metadata.name: kube-system',
  '  podSelector:',
  '    matchLabels:',
  '      k8s-app: kube-dns',
  'ports:',
  '- protocol: UDP',
  '  port: 53',
  '- protocol: TCP',
  '  port: 53',
];

/** Pods that may call others by name but cannot look names up. */
export const egressWithoutDns: Check = {
  code: 'PKT1011',
  title: 'Egress without DNS',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `A NetworkPolicy isolates pods for egress and lets them reach other pods, but neither it nor another policy on the same
pods allows UDP 53 to anything. The pods cannot resolve the names of the Services they are allowed to call; connections
fail after a DNS timeout, which rarely looks like a policy problem.

Allow UDP and TCP 53 (large answers come over TCP) to the cluster's DNS pods, and to the node-local DNS address where
there is one.`,
  example: {
    bad: 'egress:\n- to:\n  - podSelector: {matchLabels: {tier: backend}}\n  ports: [{port: 3000}]',
    good: 'egress:\n- to:\n  - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}\n    podSelector: {matchLabels: {k8s-app: kube-dns}}\n  ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]',
  },
  run(declared) {
    const { segmentation } = declared;
    return segmentation.policies.flatMap((compiled) => {
      const { policy } = compiled;
      if (policy.fault !== undefined || !reachesPods(policy)) return [];
      const together = companions(segmentation, compiled, 'egress');
      return allowsPort(together, 'egress', Protocol.Udp, 53) ? [] : [finding(policy, declared)];
    });
  },
};

/** Whether it allows egress to pods. One that allows nothing, or addresses only, needs no names. */
function reachesPods({ rules }: NetworkPolicy): boolean {
  return (rules.egress ?? []).some(({ peers }) =>
    peers?.some(({ podSelector, namespaceSelector }) => podSelector ?? namespaceSelector),
  );
}

function finding({ source }: NetworkPolicy, { manifests }: Declared): Diagnostic {
  const edit = appendItem(manifests.sources, source, ['spec', 'egress'], rule);
  const fix: Fix | undefined = edit && { title: 'allow DNS', safe: false, edits: [edit] };
  return diagnose(egressWithoutDns, {
    message: 'the pods may call others but cannot resolve their names: no egress rule allows UDP 53',
    span: source.keyAt(['spec', 'egress']),
    help: 'allow UDP and TCP 53 to the pods `k8s-app: kube-dns` of namespace kube-system',
    ...(fix && { fix }),
  });
}
