import { expect, test } from 'vitest';
import { parseAddress } from '../../net/address.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { postureOf } from '../posture.fixture.ts';
import { readTunnels } from '../tunnels.ts';
import { hostFirewallLayer } from './host-firewall.ts';
import { tunnelLayer } from './tunnel.ts';

const privateKey = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=';
const publicKey = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
const behind: Endpoint = { kind: 'external', address: parseAddress('198.51.100.9')! };
const elsewhere: Endpoint = { kind: 'external', address: parseAddress('203.0.113.9')! };
const node: Endpoint = { kind: 'node' };

function tunnelYaml({
  key = privateKey,
  listen = 'ListenPort = 51820',
  endpoint = '',
  hook = '',
} = {}): string {
  return `---
apiVersion: v1
kind: Secret
metadata: {name: wg, namespace: vpn}
stringData:
  wg0.conf: |
    [Interface]
    PrivateKey = ${key}
    Address = 10.8.0.1/32
    ${listen}
    ${hook}
    [Peer]
    PublicKey = ${publicKey}
    AllowedIPs = 10.8.0.2/32, 198.51.100.0/24
    ${endpoint}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: wireguard, namespace: vpn}
spec:
  selector: {matchLabels: {app: wireguard}}
  template:
    metadata: {labels: {app: wireguard}}
    spec:
      hostNetwork: true
      containers:
      - name: main
        volumeMounts: [{name: wg, mountPath: /etc/wireguard}]
      volumes: [{name: wg, secret: {secretName: wg}}]
`;
}

const firewall = (...lines: string[]) => `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: fw, namespace: security}
spec:
  selector: {matchLabels: {app: fw}}
  template:
    metadata: {labels: {app: fw}}
    spec:
      hostNetwork: true
      containers:
      - {name: main, command: [sh, -c, '${lines.join(';')}']}
`;

const through = (yaml: string, source: Endpoint = behind) =>
  tunnelLayer.judge({ source, destination: node, protocol: 6, port: 22 }, postureOf(yaml));

test('what lies behind a peer goes through the tunnel, in both directions', () => {
  const posture = postureOf(tunnelYaml());
  const question = { source: behind, destination: node, protocol: 6, port: 22 };
  expect(tunnelLayer.judge(question, posture)).toMatchObject([
    {
      layer: 'tunnel',
      direction: 'ingress',
      outcome: 'allow',
      text: '198.51.100.9 lies behind a peer of wg0 of Secret vpn/wg (AllowedIPs 198.51.100.0/24)',
      object: { kind: 'Secret', name: 'wg', namespace: 'vpn' },
      rule: 0,
      span: { start: { line: 14 } },
    },
  ]);
  expect(tunnelLayer.judge({ ...question, source: node, destination: behind }, posture)).toMatchObject([
    { direction: 'egress', outcome: 'allow' },
  ]);
  expect(through(tunnelYaml(), elsewhere)).toEqual([]);
});

test('a placeholder for a key, no port to dial, nobody who runs it', () => {
  const outcomes = [
    through(tunnelYaml({ key: '<private-key>' })),
    through(tunnelYaml({ listen: '' })),
    through(tunnelYaml().replaceAll('secretName: wg', 'secretName: other')),
  ];
  expect(outcomes).toMatchObject([
    [{ outcome: 'unknown', change: expect.stringContaining('PrivateKey') }],
    [{ outcome: 'unknown', change: expect.stringContaining('ListenPort') }],
    [{ outcome: 'unknown' }],
  ]);
});

test('the listening port and the firewall of the machines', () => {
  const drop = 'iptables -A INPUT -j DROP';
  const answers = 'iptables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT';
  expect(through(tunnelYaml() + firewall(answers, drop))).toMatchObject([
    { outcome: 'deny', text: expect.stringContaining('drops UDP 51820, by which the peer must dial in') },
  ]);
  const open = 'iptables -A INPUT -p udp --dport 51820 -j ACCEPT';
  expect(through(tunnelYaml() + firewall(open, drop))).toMatchObject([{ outcome: 'allow' }]);
  const dialling = tunnelYaml({ endpoint: 'Endpoint = hub.example.com:51820' });
  expect(through(dialling + firewall(answers, drop))).toMatchObject([{ outcome: 'allow' }]);
  expect(through(dialling + firewall(drop))).toMatchObject([{ outcome: 'deny' }]);
});

test('hooks are a packet filter too, and what comes through the tunnel comes in by its interface', () => {
  const hook = 'PostUp = iptables -A INPUT -i %i -p tcp --dport 22 -j ACCEPT; iptables -A INPUT -j DROP';
  const posture = postureOf(tunnelYaml({ hook }));
  const ask = (source: Endpoint, port: number) =>
    hostFirewallLayer.judge({ source, destination: node, protocol: 6, port }, posture)[0]?.outcome;
  expect([ask(behind, 22), ask(behind, 23), ask(elsewhere, 23)]).toEqual(['allow', 'deny', 'deny']);
});

test('no key is shown', () => {
  const posture = postureOf(tunnelYaml());
  const shown = JSON.stringify(readTunnels(posture.controls).map(({ config, name }) => [config, name]));
  expect(shown).not.toContain(privateKey.slice(0, 12));
});
