import { expect, test } from 'vitest';
import { parseAddress } from '../net/address.ts';
import type { Endpoint } from '../segmentation/endpoint.ts';
import { hostFirewallPorts } from './host-firewall-ports.ts';
import { hostFirewallLayer } from './layers/host-firewall.ts';
import { postureOf } from './posture.fixture.ts';

const daemonYaml = (name: string, ...lines: string[]) => `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ${name}, namespace: security}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      hostNetwork: true
      containers:
      - {name: main, command: [sh, -c, '${lines.join(';')}']}
`;

const question = {
  source: { kind: 'external', address: parseAddress('203.0.113.7')! } as Endpoint,
  destination: { kind: 'node' } as Endpoint,
  protocol: 6,
};

test('all ports at once, and each as the layer says', () => {
  const posture = postureOf(
    daemonYaml(
      'one',
      'iptables -A INPUT -p tcp --dport 22 -j ACCEPT',
      'iptables -A INPUT -m recent --name x --rcheck -p tcp --dport 8000:8100 -j ACCEPT',
      'iptables -A INPUT -j DROP',
    ) + daemonYaml('two', 'iptables -A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT'),
  );
  const { allowed, unknown } = hostFirewallPorts(question, posture);
  expect(`${allowed} ${unknown}`).toBe('22 80,443,8000-8100');
  for (const port of [0, 21, 22, 23, 79, 80, 81, 443, 7999, 8000, 8100, 8101, 65535]) {
    const [reason] = hostFirewallLayer.judge({ ...question, port }, posture);
    const set = allowed.contains(port) ? 'allow' : unknown.contains(port) ? 'unknown' : 'deny';
    expect([port, reason?.outcome]).toEqual([port, set]);
  }
});

test('without a firewall every port passes', () => {
  const { allowed } = hostFirewallPorts(question, postureOf(''));
  expect(allowed.isAll).toBe(true);
});
