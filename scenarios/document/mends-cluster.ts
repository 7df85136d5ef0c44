import type { Edit } from './edits.ts';
import { add, either, type Mend, mend, namespace, policy, swap, workload } from './mend.ts';

const frontendSelector = 'selector: {matchLabels: {tier: frontend}}';
const gatewayClient = swap(37, 'name: ingress-nginx', 'kubernetes.io/metadata.name: istio-ingress');

const controllerSettings = (more = ''): Edit =>
  add(
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ingress-nginx-controller, namespace: ingress-nginx}\ndata: {limit-req-status-code: "429", limit-conn-status-code: "429"${more && `, ${more}`}}`,
  );

/** The Gateway and the HTTPRoute that take the place of the Ingress. */
const toGateway: readonly Edit[] = [
  swap(109, 'networking.k8s.io/v1', 'gateway.networking.k8s.io/v1'),
  swap(110, 'Ingress', 'HTTPRoute'),
  { remove: 113, to: 128 },
  {
    after: 112,
    lines: [
      'spec:',
      '  parentRefs: [{name: edge, namespace: edge-gateway}]',
      '  hostnames: [api.edge.example.com]',
      '  rules: [{backendRefs: [{name: api-service, port: 80}]}]',
    ],
  },
  add(
    'apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: edge-gateway}\nspec:\n  gatewayClassName: edge\n  listeners: [{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: edge-tls}]}, allowedRoutes: {namespaces: {from: All}}}]',
  ),
];

const exporterService = add(
  'apiVersion: v1\nkind: Service\nmetadata: {name: flow-exporter, namespace: monitoring}\nspec: {selector: {app: flow-exporter}, ports: [{port: 9090}]}',
);
const exporter = workload(
  'Deployment',
  'flow-exporter',
  'monitoring',
  'image: "registry.example.com/flow-exporter:2.3.0"',
);
const discovered = (...more: readonly string[]): readonly Edit[] => [
  { remove: 260, to: 261 },
  {
    before: 260,
    lines: ['      kubernetes_sd_configs: [{role: pod, namespaces: {names: [monitoring]}}]', ...more],
  },
];

/** Policies, the mesh, Falco, the way in, monitoring. */
export const clusterMends: readonly Mend[] = [
  mend('PKT1019', 22, { site: 'cni: calico\n' }),
  either(
    'PKT1042',
    35,
    'the client in the mesh',
    namespace('ingress-nginx', 'name: ingress-nginx, istio-injection: enabled'),
    swap(
      68,
      'spec: {}',
      'spec: {rules: [{from: [{source: {principals: ["cluster.local/ns/ingress-nginx/sa/ingress-nginx"]}}]}]}',
    ),
  ),
  either('PKT1042', 35, 'a gateway of the mesh', gatewayClient),
  either(
    'PKT1042',
    35,
    'PERMISSIVE',
    add(
      `apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: frontend, namespace: production}\nspec: {${frontendSelector}, portLevelMtls: {8080: {mode: PERMISSIVE}}}`,
    ),
  ),
  mend(
    'PKT1013',
    44,
    policy(
      'backend',
      'production',
      'podSelector: {matchLabels: {tier: backend}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {tier: frontend}}}], ports: [{protocol: TCP, port: 3000}]}]',
    ),
  ),
  mend('PKT1043', 58, swap(58, 'production', 'istio-system')),
  either('PKT1045', 58, 'injection', namespace('production', 'istio-injection: enabled')),
  either('PKT1045', 58, 'ambient', namespace('production', 'istio.io/dataplane-mode: ambient')),
  either('PKT1041', 66, 'a right name', swap(66, 'deny-all', 'allow-nothing')),
  either('PKT1041', 66, 'a denial', swap(68, '{}', '{action: DENY, rules: [{}]}')),
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
    workload(
      'DaemonSet',
      'falco',
      'security',
      'image: "falcosecurity/falco:0.41.3", args: [/usr/bin/falco, -c, /etc/edge-falco/falco.yaml], volumeMounts: [{name: config, mountPath: /etc/edge-falco}]',
      'volumes: [{name: config, configMap: {name: falco-config}}]',
    ),
  ),
  either('PKT1155', 82, 'stdout', { before: 96, lines: ['    stdout_output: {enabled: true}'] }),
  either('PKT1155', 82, 'HTTP', {
    before: 96,
    lines: ['    http_output: {enabled: true, url: "https://alerts.example.com/"}'],
  }),
  either('PKT1153', 85, 'the plugin', {
    before: 96,
    lines: [
      '    plugins:',
      '      - {name: k8saudit, library_path: libk8saudit.so, open_params: "http://:9765/k8s-audit"}',
      '      - {name: json, library_path: libjson.so}',
      '    load_plugins: [k8saudit, json]',
    ],
  }),
  mend('PKT1160', 101, swap(100, 'spawned_process', 'outbound and container')),
  either('PKT1161', 101, 'a rule of low priority', swap(101, ', ss, netstat', ''), {
    after: 103,
    lines: [
      '    - rule: Socket Viewer',
      '      desc: Shows sockets',
      '      condition: spawned_process and proc.name in (ss, netstat)',
      '      output: Socket viewer (user=%user.name command=%proc.cmdline)',
      '      priority: INFO',
    ],
  }),
  mend('PKT1104', 112, ...toGateway, { remove: 182, to: 194 }),
  either('PKT1103', 114, 'PROXY protocol', controllerSettings('use-proxy-protocol: "true"')),
  either(
    'PKT1103',
    114,
    'forwarded headers',
    controllerSettings('use-forwarded-headers: "true", proxy-real-ip-cidr: 203.0.113.0/24'),
  ),
  either(
    'PKT1103',
    114,
    'a Service that keeps addresses',
    controllerSettings(),
    add(
      'apiVersion: v1\nkind: Service\nmetadata: {name: ingress-nginx-controller, namespace: ingress-nginx}\nspec:\n  type: LoadBalancer\n  externalTrafficPolicy: Local\n  selector: {app.kubernetes.io/name: ingress-nginx}\n  ports: [{port: 443}]',
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
  either(
    'PKT1108',
    189,
    'more ciphers',
    swap(
      189,
      'GCM-SHA384"',
      'GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"',
    ),
  ),
  either('PKT1110', 194, 'without the key', { remove: 194 }),
  either('PKT1110', 194, 'behind a balancer', {
    after: 194,
    lines: ['  use-forwarded-headers: "true"', '  proxy-real-ip-cidr: 203.0.113.0/24'],
  }),
  mend(
    'PKT1330',
    254,
    workload(
      'Deployment',
      'prometheus',
      'monitoring',
      'image: "prom/prometheus:v3.5.0", volumeMounts: [{name: config, mountPath: /etc/prometheus}]',
      'volumes: [{name: config, configMap: {name: flow-monitoring}}]',
    ),
  ),
  mend('PKT1303', 257, {
    after: 257,
    lines: [
      '    rule_files: [/etc/prometheus/alerts.yml]',
      '    alerting: {alertmanagers: [{static_configs: [{targets: ["alertmanager:9093"]}]}]}',
    ],
  }),
  either('PKT1300', 261, 'the exporter declared', exporterService, exporter),
  either('PKT1300', 261, 'its pods discovered', ...discovered()),
  mend(
    'PKT1301',
    261,
    ...discovered(
      '      relabel_configs: [{source_labels: [__meta_kubernetes_pod_label_app], regex: flow-exporter, action: keep}]',
    ),
  ),
  either('PKT1302', 261, 'TLS and authorization', {
    after: 261,
    lines: [
      '      scheme: https',
      '      tls_config: {ca_file: /etc/prometheus/ca.crt}',
      '      authorization: {credentials_file: /etc/prometheus/token}',
    ],
  }),
  either(
    'PKT1302',
    261,
    'a policy',
    exporterService,
    exporter,
    policy(
      'flow-exporter',
      'monitoring',
      'podSelector: {matchLabels: {app: flow-exporter}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}}], ports: [{protocol: TCP, port: 9090}]}]',
    ),
  ),
];
