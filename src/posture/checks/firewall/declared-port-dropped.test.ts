import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { declaredPortDropped } from './declared-port-dropped.ts';
import { drop, firewallYaml, ssh } from './firewall-checks.fixture.ts';

const server = (more = '') => `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web, namespace: edge}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: true
      containers: [{name: web, image: example.test/web, ports: [{containerPort: 8443${more}}]}]
`;
const tunnel = `---
apiVersion: v1
kind: Secret
metadata: {name: wg, namespace: vpn}
stringData:
  wg0.conf: |
    [Interface]
    PrivateKey = YAnz5TF+lXXJte14tji3zlMNftIJxyBuVD5nGZvd5V8=
    ListenPort = 51820
    [Peer]
    PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
    AllowedIPs = 198.18.0.2/32
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: wg, namespace: vpn}
spec:
  selector: {matchLabels: {app: wg}}
  template:
    metadata: {labels: {app: wg}}
    spec:
      hostNetwork: true
      containers:
      - {name: wg, image: linuxserver/wireguard:1, volumeMounts: [{name: c, mountPath: /config/wg_confs}]}
      volumes: [{name: c, secret: {secretName: wg}}]
`;

test('a tunnel listens on a port that the firewall drops', () => {
  const found = findings(declaredPortDropped, firewallYaml([ssh, drop]) + tunnel);
  expect(found).toMatchObject([{ at: drop }]);
  expect(found[0]!.message).toMatch(/^UDP 51820 is closed: no peer can open wg0 of Secret vpn\/wg/);
});

test('a container on the host listens on a port that the firewall drops', () => {
  expect(findings(declaredPortDropped, firewallYaml([ssh, drop]) + server())).toMatchObject([
    {
      at: drop,
      message: expect.stringMatching(/^TCP 8443 is closed: nobody reaches container web of edge\/web/),
    },
  ]);
});

const open = (protocol: string, port: number) => `iptables -A INPUT -p ${protocol} --dport ${port} -j ACCEPT`;

test.each([
  ['the port of the tunnel is accepted, as the help says', firewallYaml([open('udp', 51820), drop]) + tunnel],
  ['the port of the container is accepted', firewallYaml([open('tcp', 8443), drop]) + server()],
  ['nothing is dropped', firewallYaml([ssh]) + tunnel + server()],
  [
    'the container has a network of its own',
    firewallYaml([ssh, drop]) + server().replace('hostNetwork: true', ''),
  ],
])('nothing to say: %s', (_, text) => expect(findings(declaredPortDropped, text)).toEqual([]));
