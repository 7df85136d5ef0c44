import { describe, expect, test } from 'vitest';
import { podYaml } from '../../segmentation/manifests.fixture.ts';
import { postureOf } from '../posture.fixture.ts';
import { reachEndText } from './end.ts';
import { ReachMatrix, reachMatrix } from './matrix.ts';

function daemonYaml(script: string, pod = ''): string {
  return `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: fw, namespace: security}
spec:
  selector: {matchLabels: {app: fw}}
  template:
    metadata: {labels: {app: fw}}
    spec:
      hostNetwork: true
${pod === '' ? '' : `      ${pod}\n`}      containers:
      - {name: main, command: [sh, -c, ${JSON.stringify(script)}]}
`;
}

const nodesYaml = ['n1', 'n2']
  .map(
    (name, at) =>
      `---\napiVersion: v1\nkind: Node\nmetadata: {name: ${name}}\nstatus: {addresses: [{type: InternalIP, address: 192.0.2.${at + 1}}]}\n`,
  )
  .join('');

/** A pod on a node, on its host's network or not. */
function podOn(name: string, node: string, more = 'hostNetwork: true'): string {
  return `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop, labels: {app: ${name}}}
spec:
  nodeName: ${node}
  ${more}
  containers: [{name: main, image: example.test/main, ports: [{containerPort: 80}]}]
status: {phase: Running}
`;
}

/** Rows that are told, as `source => destination: allowed | unknown`, of TCP. */
function told(text: string): string[] {
  return [...reachMatrix(postureOf(text), { protocol: 'TCP' })].map(({ source, destination, ports }) => {
    const [tcp] = ports;
    return `${reachEndText(source)} => ${reachEndText(destination)}: ${tcp?.allowed} | ${tcp?.unknown}`;
  });
}

const closed =
  'iptables -A INPUT -i lo -j ACCEPT\niptables -A INPUT -s 198.51.100.0/24 -p tcp --dport 443 -j ACCEPT\niptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP';

describe('what packet filters of machines leave of the matrix', () => {
  const rows = told(nodesYaml + daemonYaml(closed) + podOn('web', 'n1') + podYaml('api', 'app: api'));

  test('pods on the network of a machine are reached by what INPUT accepts, other pods by everything', () => {
    expect(rows).toContain('shop/api => shop/web: 22 | 443');
    expect(rows).toContain('shop/web => shop/api: 0-65535 | none');
  });

  test('ranges outside are cut at the prefixes of rules', () => {
    expect(rows.filter((row) => row.endsWith('=> shop/web: 22,443 | none'))).toEqual([
      '198.51.100.0/24 => shop/web: 22,443 | none',
    ]);
  });

  test('workloads on different machines are told apart, and those on one', () => {
    const text = nodesYaml + daemonYaml(closed) + podOn('a', 'n1') + podOn('b', 'n1') + podOn('c', 'n2');
    expect(told(text)).toEqual(
      expect.arrayContaining(['shop/a => shop/b: 0-65535 | none', 'shop/a => shop/c: 22 | none']),
    );
  });
});

test('a proxy that nobody declares is held to the packet filter of the machine it leads to', () => {
  const ingress = `---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: other, rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
`;
  const entry = (script: string) =>
    told(nodesYaml + daemonYaml(script) + podOn('web', 'n1') + ingress).filter((row) =>
      row.includes('Ingress'),
    );
  expect(entry('iptables -A INPUT -p tcp --dport 80 -j ACCEPT\niptables -A INPUT -j DROP')).toEqual([
    'Ingress shop/web => shop/web: 80 | none',
  ]);
  expect(entry('iptables -A INPUT -j DROP')).toEqual(['Ingress shop/web => shop/web: none | none']);
  expect(entry('iptables -A INPUT -s 10.0.0.0/8 -j ACCEPT\niptables -A INPUT -j DROP')).toEqual([
    'Ingress shop/web => shop/web: none | 80',
  ]);
});

test('without any packet filter machines cut nothing and tell nothing apart', () => {
  const pods = nodesYaml + podOn('a', 'n1', 'hostNetwork: false') + podOn('b', 'n2', 'hostNetwork: false');
  const matrix = new ReachMatrix(postureOf(pods));
  expect([matrix.atoms.atoms.length, matrix.classes.representatives.length]).toEqual([2, 1]);
});
