/** One change of the document by hand; `line` counts as in the document as it is. */
export type Edit =
  /** Within one line, which must hold the old text. */
  | { readonly line: number; readonly old: string; readonly wanted: string }
  /** Behind a line. */
  | { readonly after: number; readonly lines: readonly string[] }
  | { readonly before: number; readonly lines: readonly string[] }
  | { readonly remove: number; readonly to?: number }
  /** As a yaml block of its own at the end. */
  | { readonly append: string }
  /** In the configuration of the tunnel, which the document holds in base64. */
  | { readonly tunnel: string; readonly wanted: string }
  /** The site file beside it. */
  | { readonly site: string };

/** What the help of a finding says to do, done as a user would by hand. */
export interface Mend {
  readonly code: string;
  readonly line: number;
  readonly edits: readonly Edit[];
}

const mend = (code: string, line: number, ...edits: readonly Edit[]): Mend => ({ code, line, edits });
const swap = (line: number, old: string, wanted: string): Edit => ({ line, old, wanted });
const add = (append: string): Edit => ({ append });

const namespace = (name: string, label: string) =>
  `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n  labels:\n    ${label}`;
const inMesh = namespace('production', 'istio-injection: enabled');
const denyAll = (name: string) =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: default-deny, namespace: ${name}}\nspec: {podSelector: {}, policyTypes: [Ingress, Egress]}`;
const hash = `sha256:${'0'.repeat(64)}`;
const privileged = 'pod-security.kubernetes.io/enforce: privileged';
const agent = (at: number): readonly Edit[] => [
  {
    after: at,
    lines: [
      '        resources: {requests: {cpu: 5m, memory: 16Mi}, limits: {memory: 64Mi}}',
      '        readinessProbe: {exec: {command: [wg, show, wg0]}}',
    ],
  },
];
/** A workload that mounts a ConfigMap. */
const mounting = (name: string, space: string, image: string, folder: string) =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: ${space}}\nspec:\n  selector: {matchLabels: {app: ${name}}}\n  template:\n    metadata: {labels: {app: ${name}}}\n    spec:\n      containers:\n      - {name: main, image: ${image}, volumeMounts: [{name: config, mountPath: ${folder}}]}\n      volumes: [{name: config, configMap: {name: CONFIG}}]`;
/** Both ends of `trap`: rules go with the container, and it stays. */
const waits: readonly Edit[] = [
  { before: 158, lines: ["          trap 'iptables -D INPUT -j EDGE; exit 0' TERM INT"] },
  { after: 171, lines: ['          while :; do sleep 3600 & wait $!; done'] },
];

/** The findings of the document that have no fix, or whose help says more than the fix does. */
export const mends: readonly Mend[] = [
  mend('PKT1019', 22, { site: 'picket: v1\ncni: calico\n' }),
  mend(
    'PKT1042',
    35,
    add(
      `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ingress-nginx\n  labels: {name: ingress-nginx, istio-injection: enabled}`,
    ),
    swap(
      68,
      'spec: {}',
      'spec: {rules: [{from: [{source: {principals: ["cluster.local/ns/ingress-nginx/sa/ingress-nginx"]}}]}]}',
    ),
  ),
  mend(
    'PKT1013',
    44,
    add(
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: backend, namespace: production}\nspec:\n  podSelector: {matchLabels: {tier: backend}}\n  policyTypes: [Ingress]\n  ingress: [{from: [{podSelector: {matchLabels: {tier: frontend}}}], ports: [{protocol: TCP, port: 3000}]}]',
    ),
  ),
  mend('PKT1043', 58, swap(58, 'production', 'istio-system')),
  mend('PKT1045', 58, add(inMesh)),
  mend('PKT1041', 66, swap(66, 'deny-all', 'allow-nothing')),
  mend(
    'PKT1040',
    68,
    add(
      'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: frontend, namespace: production}\nspec:\n  action: ALLOW\n  rules: [{from: [{source: {principals: [cluster.local/ns/production/sa/frontend]}}], to: [{operation: {ports: ["3000"]}}]}]',
    ),
  ),
  mend(
    'PKT1330',
    79,
    add(
      mounting('falco', 'security', 'falcosecurity/falco:0.41.3', '/etc/edge-falco').replace(
        'CONFIG',
        'falco-config',
      ),
    ),
  ),
  mend('PKT1160', 101, swap(100, 'spawned_process', 'outbound and container')),
  mend(
    'PKT1104',
    112,
    swap(109, 'networking.k8s.io/v1', 'gateway.networking.k8s.io/v1'),
    swap(110, 'Ingress', 'HTTPRoute'),
    { remove: 113, to: 128 },
    { remove: 182, to: 194 },
    {
      after: 112,
      lines: [
        'spec:',
        '  parentRefs: [{name: edge, namespace: edge-gateway}]',
        '  hostnames: [api.edge.example.com]',
        '  rules: [{backendRefs: [{name: api-service, port: 80}]}]',
      ],
    },
  ),
  mend(
    'PKT1103',
    114,
    add(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ingress-nginx-controller, namespace: ingress-nginx}\ndata: {limit-req-status-code: "429", limit-conn-status-code: "429", use-proxy-protocol: "true"}',
    ),
  ),
  mend('PKT1081', 119, {
    after: 117,
    lines: ['  tls: [{hosts: [api.edge.example.com], secretName: ddos-protected-tls}]'],
  }),
  mend(
    'PKT1084',
    126,
    add(
      'apiVersion: v1\nkind: Service\nmetadata: {name: api-service, namespace: default}\nspec: {selector: {app: api}, ports: [{port: 80}]}',
    ),
  ),
  mend('PKT1344', 150, add(namespace('security', privileged))),
  mend('PKT1343', 152, ...agent(153)),
  mend('PKT1200', 153, swap(153, 'alpine:latest', `registry.example.com/iptables:1.8.11@${hash}`)),
  mend('PKT1342', 153, swap(153, 'alpine:latest', `alpine:3.22@${hash}`)),
  mend(
    'PKT1202',
    159,
    {
      before: 158,
      lines: [
        '          iptables -N EDGE 2>/dev/null || true',
        '          iptables -F EDGE',
        '          iptables -C INPUT -j EDGE || iptables -I INPUT -j EDGE',
      ],
    },
    ...[159, 162, 165, 168, 171].map((line) => swap(line, '-A INPUT', '-A EDGE')),
  ),
  mend(
    'PKT1206',
    159,
    { before: 158, lines: ['          set -e'] },
    ...[159, 162, 165, 168, 171].map((line) => swap(line, 'iptables -A', 'iptables -w -A')),
  ),
  mend('PKT1212', 159, ...[159, 162, 165, 168, 171].map((line) => swap(line, 'iptables', 'iptables-nft'))),
  mend('PKT1207', 165, {
    after: 159,
    lines: ['          iptables -A INPUT -m conntrack --ctstate INVALID -j DROP'],
  }),
  mend(
    'PKT1210',
    165,
    swap(165, '-p tcp', '-s 203.0.113.0/28 -p tcp'),
    swap(168, '-p tcp', '-s 203.0.113.0/28 -p tcp'),
  ),
  mend('PKT1201', 171, ...waits),
  mend('PKT1203', 171, {
    before: 170,
    lines: [
      '          iptables -A INPUT -s 198.51.100.0/24 -p tcp -m multiport --dports 10250,2379:2380,10257,10259,179 -j ACCEPT',
      '          iptables -A INPUT -s 198.51.100.0/24 -p udp -m multiport --dports 8472,4789 -j ACCEPT',
      '          iptables -A INPUT -p udp --dport 68 -j ACCEPT',
      '          iptables -A INPUT -p icmp -j ACCEPT',
    ],
  }),
  mend('PKT1204', 171, {
    before: 170,
    lines: ['          iptables -A INPUT -p udp --dport 51820 -j ACCEPT'],
  }),
  mend('PKT1208', 171, {
    after: 171,
    lines: [
      '          ip6tables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT',
      '          ip6tables -A INPUT -i lo -j ACCEPT',
      '          ip6tables -A INPUT -p ipv6-icmp -j ACCEPT',
      '          ip6tables -A INPUT -p tcp -m multiport --dports 22,6443 -j ACCEPT',
      '          ip6tables -A INPUT -j DROP',
    ],
  }),
  mend('PKT1209', 171, ...['production', 'security', 'vpn', 'monitoring'].map((name) => add(denyAll(name)))),
  mend('PKT1213', 171, ...waits),
  mend('PKT1110', 194, { remove: 194 }),
  mend(
    'PKT1336',
    209,
    { remove: 202, to: 210 },
    {
      before: 202,
      lines: [
        'apiVersion: external-secrets.io/v1',
        'kind: ExternalSecret',
        'metadata: {name: wireguard-config, namespace: vpn}',
        'spec:',
        '  secretStoreRef: {name: site, kind: ClusterSecretStore}',
        '  target: {name: wireguard-config}',
        '  data: [{secretKey: wg0.conf, remoteRef: {key: sites/edge-1/wireguard}}]',
      ],
    },
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
    wanted: 'AllowedIPs = 10.0.0.2/32, 10.80.0.0/16',
  }),
  mend(
    'PKT1256',
    209,
    { tunnel: 'Address = 10.0.0.1/24', wanted: 'Address = 10.219.37.1/24' },
    { tunnel: 'AllowedIPs = 10.0.0.0/24', wanted: 'AllowedIPs = 10.219.37.0/24' },
  ),
  mend('PKT1257', 209, { tunnel: 'Endpoint =', wanted: 'PersistentKeepalive = 25\nEndpoint =' }),
  mend(
    'PKT1253',
    213,
    swap(213, 'DaemonSet', 'StatefulSet'),
    { after: 217, lines: ['  replicas: 1', '  serviceName: wireguard'] },
    { after: 225, lines: ['      nodeSelector: {kubernetes.io/hostname: edge-1}'] },
  ),
  mend('PKT1252', 226, { remove: 226 }),
  mend('PKT1344', 226, add(namespace('vpn', privileged))),
  mend('PKT1343', 228, ...agent(229)),
  mend('PKT1342', 229, swap(229, 'latest', `1.0.20250521@${hash}`)),
  mend('PKT1341', 235, { remove: 235 }),
  mend('PKT1335', 239, swap(238, '/config/wg0.conf', '/config/wg_confs'), { remove: 239 }),
  mend(
    'PKT1330',
    254,
    add(
      mounting('prometheus', 'monitoring', 'prom/prometheus:v3.5.0', '/etc/prometheus').replace(
        'CONFIG',
        'flow-monitoring',
      ),
    ),
  ),
  mend('PKT1303', 257, {
    after: 257,
    lines: [
      '    rule_files: [/etc/prometheus/alerts.yml]',
      '    alerting: {alertmanagers: [{static_configs: [{targets: ["alertmanager:9093"]}]}]}',
    ],
  }),
  mend(
    'PKT1300',
    261,
    add(
      'apiVersion: v1\nkind: Service\nmetadata: {name: flow-exporter, namespace: monitoring}\nspec: {selector: {app: flow-exporter}, ports: [{port: 9090}]}',
    ),
    add(
      mounting('flow-exporter', 'monitoring', 'registry.example.com/flow-exporter:2.3.0', '/etc/x').replace(
        'CONFIG',
        'flow-monitoring',
      ),
    ),
  ),
  mend(
    'PKT1301',
    261,
    { remove: 260, to: 261 },
    {
      before: 260,
      lines: ['      kubernetes_sd_configs: [{role: pod, namespaces: {names: [monitoring]}}]'],
    },
  ),
  mend('PKT1302', 261, {
    after: 261,
    lines: [
      '      scheme: https',
      '      tls_config: {ca_file: /etc/prometheus/ca.crt}',
      '      authorization: {credentials_file: /etc/prometheus/token}',
    ],
  }),
];
