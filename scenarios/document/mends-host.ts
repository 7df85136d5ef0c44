import type { Edit } from './edits.ts';
import { either, type Mend, mend, namespace, policy, swap } from './mend.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const privileged = 'pod-security.kubernetes.io/enforce: privileged';

/** Lines of the firewall's container that call iptables. */
const calls = [159, 162, 165, 168, 171];
const inScript = (lines: readonly string[]): string[] => lines.map((line) => `          ${line}`);
const script = (...lines: readonly string[]): readonly Edit[] => [
  { remove: 158, to: 171 },
  { before: 158, lines: inScript(lines) },
];
const beforeDrop = (...lines: readonly string[]): Edit => ({ before: 170, lines: inScript(lines) });

/** The document's rules as a table of nft. */
const table = (...more: readonly string[]): readonly Edit[] =>
  script(
    "nft -f - <<'EOF'",
    'table inet edge',
    'delete table inet edge',
    'table inet edge {',
    '  chain input {',
    '    type filter hook input priority filter; policy drop;',
    '    ct state established,related accept',
    '    iif lo accept',
    '    meta l4proto ipv6-icmp accept',
    '    tcp dport { 22, 6443 } accept',
    ...more.map((rule) => `    ${rule}`),
    '  }',
    '}',
    'EOF',
  );

const restored = script(
  "iptables-restore -w --noflush <<'EOF'",
  '*filter',
  '-A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT',
  '-A INPUT -i lo -j ACCEPT',
  '-A INPUT -p tcp --dport 22 -j ACCEPT',
  '-A INPUT -p tcp --dport 6443 -j ACCEPT',
  '-A INPUT -j DROP',
  'COMMIT',
  'EOF',
);

const trap: Edit = { before: 158, lines: inScript(["trap 'iptables -D INPUT -j EDGE; exit 0' TERM INT"]) };
const wait: Edit = { after: 171, lines: inScript(['while :; do sleep 3600 & wait $!; done']) };

const sized = (at: number, probe: string): Edit => ({
  after: at,
  lines: [
    '        resources: {requests: {cpu: 5m, memory: 16Mi}, limits: {memory: 64Mi}}',
    `        readinessProbe: {exec: {command: [${probe}]}}`,
  ],
});

/** What an object of another kind makes in place of the Secret. */
const insteadOfSecret = (...lines: readonly string[]): readonly Edit[] => [
  { remove: 202, to: 210 },
  { before: 202, lines },
];

/** The firewall and the tunnel. */
export const hostMends: readonly Mend[] = [
  either('PKT1344', 150, 'a privileged namespace', namespace('security', privileged)),
  either('PKT1344', 150, 'a network of its own', { remove: 150 }),
  mend('PKT1343', 152, sized(153, 'iptables, -C, INPUT, -j, DROP')),
  mend('PKT1200', 153, swap(153, 'alpine:latest', `registry.example.com/iptables:1.8.11@${digest}`)),
  mend('PKT1342', 153, swap(153, 'alpine:latest', `alpine:3.22@${digest}`)),
  either(
    'PKT1202',
    159,
    'a chain',
    {
      before: 158,
      lines: inScript([
        'iptables -N EDGE 2>/dev/null || true',
        'iptables -F EDGE',
        'iptables -C INPUT -j EDGE || iptables -I INPUT -j EDGE',
      ]),
    },
    ...calls.map((line) => swap(line, '-A INPUT', '-A EDGE')),
  ),
  either('PKT1202', 159, 'a table', ...table()),
  either(
    'PKT1206',
    159,
    'set -e and -w',
    { before: 158, lines: inScript(['set -e']) },
    ...calls.map((line) => swap(line, 'iptables -A', 'iptables -w -A')),
  ),
  either('PKT1206', 159, 'iptables-restore', ...restored),
  either('PKT1206', 159, 'nft', ...table()),
  ...['iptables-nft', 'iptables-legacy'].map((program) =>
    either('PKT1212', 159, program, ...calls.map((line) => swap(line, 'iptables', program))),
  ),
  either('PKT1212', 159, 'a table', ...table()),
  mend('PKT1207', 165, {
    after: 159,
    lines: inScript(['iptables -A INPUT -m conntrack --ctstate INVALID -j DROP']),
  }),
  mend(
    'PKT1210',
    165,
    swap(165, '-p tcp', '-s 203.0.113.0/28 -p tcp'),
    swap(168, '-p tcp', '-s 203.0.113.0/28 -p tcp'),
  ),
  mend('PKT1201', 171, trap, wait),
  mend(
    'PKT1203',
    171,
    beforeDrop(
      'iptables -A INPUT -s 198.51.100.0/24 -p tcp -m multiport --dports 10250,2379:2380 -j ACCEPT',
      'iptables -A INPUT -s 198.51.100.0/24 -p udp -m multiport --dports 8472,4789 -j ACCEPT',
      'iptables -A INPUT -p udp --dport 68 -j ACCEPT',
      'iptables -A INPUT -p icmp -j ACCEPT',
    ),
  ),
  either('PKT1204', 171, 'iptables', beforeDrop('iptables -A INPUT -p udp --dport 51820 -j ACCEPT')),
  either('PKT1204', 171, 'nft', ...table('udp dport 51820 accept')),
  either('PKT1208', 171, 'ip6tables', {
    after: 171,
    lines: inScript([
      'ip6tables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT',
      'ip6tables -A INPUT -i lo -j ACCEPT',
      'ip6tables -A INPUT -p ipv6-icmp -j ACCEPT',
      'ip6tables -A INPUT -p tcp -m multiport --dports 22,6443 -j ACCEPT',
      'ip6tables -A INPUT -j DROP',
    ]),
  }),
  either('PKT1208', 171, 'a table of both families', ...table()),
  mend(
    'PKT1209',
    171,
    ...['production', 'security', 'ingress-nginx', 'vpn', 'monitoring'].map((name) =>
      policy('default-deny', name, 'podSelector: {}, policyTypes: [Ingress, Egress]'),
    ),
  ),
  either('PKT1213', 171, 'trap', trap),
  either('PKT1213', 171, 'preStop', {
    after: 171,
    lines: ['        lifecycle: {preStop: {exec: {command: [iptables, -D, INPUT, -j, EDGE]}}}'],
  }),
  either(
    'PKT1336',
    209,
    'ExternalSecret',
    ...insteadOfSecret(
      'apiVersion: external-secrets.io/v1',
      'kind: ExternalSecret',
      'metadata: {name: wireguard-config, namespace: vpn}',
      'spec:',
      '  secretStoreRef: {name: site, kind: ClusterSecretStore}',
      '  target: {name: wireguard-config}',
      '  data: [{secretKey: wg0.conf, remoteRef: {key: sites/edge-1/wireguard}}]',
    ),
  ),
  either(
    'PKT1336',
    209,
    'SealedSecret',
    ...insteadOfSecret(
      'apiVersion: bitnami.com/v1alpha1',
      'kind: SealedSecret',
      'metadata: {name: wireguard-config, namespace: vpn}',
      'spec: {encryptedData: {wg0.conf: AgBy3i4OJSWK}}',
    ),
  ),
  mend(
    'PKT1250',
    209,
    { tunnel: '<private-key>', wanted: `${'A'.repeat(42)}E=` },
    { tunnel: '<public-key>', wanted: `${'B'.repeat(42)}E=` },
    { tunnel: 'example.com:51820', wanted: '203.0.113.10:51820' },
  ),
  mend('PKT1254', 209, {
    tunnel: 'AllowedIPs = 10.0.0.0/24',
    wanted: 'AllowedIPs = 10.200.0.2/32, 10.80.0.0/16',
  }),
  mend(
    'PKT1256',
    209,
    { tunnel: 'Address = 10.0.0.1/24', wanted: 'Address = 10.219.37.1/24' },
    { tunnel: 'AllowedIPs = 10.0.0.0/24', wanted: 'AllowedIPs = 10.219.37.0/24' },
  ),
  mend(
    'PKT1257',
    209,
    { tunnel: 'Endpoint =', wanted: 'PersistentKeepalive = 25\nEndpoint =' },
    { tunnel: 'ListenPort', wanted: 'MTU = 1380\nListenPort' },
  ),
  mend(
    'PKT1253',
    213,
    swap(213, 'DaemonSet', 'StatefulSet'),
    { after: 217, lines: ['  replicas: 1', '  serviceName: wireguard'] },
    { after: 225, lines: ['      nodeSelector: {kubernetes.io/hostname: edge-1}'] },
    { tunnel: 'Address = 10.0.0.1/24', wanted: 'Address = 10.200.0.11/32' },
  ),
  either('PKT1252', 226, 'a network of its own', { remove: 226 }),
  either(
    'PKT1252',
    226,
    'a command',
    swap(229, 'linuxserver/wireguard:latest', `registry.example.com/wireguard-tools:1.0.20250521@${digest}`),
    { after: 229, lines: ['        command: [sh, -c, wg-quick up /config/wg0.conf && sleep infinity]'] },
  ),
  either('PKT1344', 226, 'a privileged namespace', namespace('vpn', privileged)),
  either('PKT1344', 226, 'a network of its own', { remove: 226 }),
  mend('PKT1343', 228, sized(229, 'wg, show, wg0')),
  mend('PKT1342', 229, swap(229, 'latest', `1.0.20250521@${digest}`)),
  mend('PKT1341', 235, { remove: 235 }),
  mend('PKT1335', 239, swap(238, '/config/wg0.conf', '/config/wg_confs'), { remove: 239 }),
];
