import { describe, expect, test } from 'vitest';
import { formatPrefix } from '../../net/prefix.ts';
import { edgesOf, entriesOf, objectYaml, shop } from './entry.fixture.ts';

const service = (spec: string) => shop + objectYaml('v1', 'Service', 's', `selector: {app: web}, ${spec}`);
const two =
  'ports: [{name: a, port: 80, targetPort: http, nodePort: 30080}, {name: b, port: 53, protocol: UDP}]';
const edges = (kind: string) => [`${kind} shop/s => shop/web TCP 8080`, `${kind} shop/s => shop/web UDP 53`];

describe('Services', () => {
  test.each([
    ['type: ClusterIP', []],
    ['type: NodePort', edges('NodePort')],
    ['type: LoadBalancer', [...edges('LoadBalancer'), ...edges('NodePort')]],
    ['externalIPs: [192.0.2.1]', edges('ExternalIP')],
  ])('%s', (type, expected) => expect(edgesOf(service(`${type}, ${two}`))).toEqual(expected));

  test('a load balancer without node ports', () => {
    const spec = 'type: LoadBalancer, allocateLoadBalancerNodePorts: false, ports: [{port: 80}]';
    expect(entriesOf(service(spec)).map(({ kind }) => kind)).toEqual(['LoadBalancer']);
  });

  test('listeners: the port of the Service, or that of the nodes when it is told', () => {
    const [balancer, nodePort] = entriesOf(service(`type: LoadBalancer, ${two}`));
    expect(balancer?.listeners).toMatchObject([
      { protocol: 'TCP', port: 80 },
      { protocol: 'UDP', port: 53 },
    ]);
    expect(nodePort?.listeners.map(({ port }) => port)).toEqual([30080, undefined]);
    expect(balancer?.proxy).toBeUndefined();
  });

  test('source ranges bind the load balancer, not the node ports', () => {
    const spec =
      'type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.0/24, nonsense], ports: [{port: 80}]';
    const [balancer, nodePort] = entriesOf(service(spec));
    expect(balancer?.sources?.map(formatPrefix)).toEqual(['192.0.2.0/24']);
    expect(balancer?.faults).toMatchObject([{ text: expect.stringContaining('`nonsense`') }]);
    expect(nodePort).toMatchObject({ sources: undefined, faults: [] });
  });

  test.each([
    ['Local', true],
    ['Cluster', false],
  ])('externalTrafficPolicy %s: the client address is kept: %s', (policy, kept) => {
    const [entry] = entriesOf(
      service(`type: NodePort, externalTrafficPolicy: ${policy}, ports: [{port: 80}]`),
    );
    expect(entry?.keepsClientAddress).toBe(kept);
  });
});

describe('ports of nodes that pods take', () => {
  const pod = (ports: string, more = '', extra = '') =>
    `---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: {${more}containers: [{name: m, image: e.test/m, ports: [${ports}]}]${extra}}\n`;
  const hostPorts = (text: string) => entriesOf(text)[0]?.listeners.map(({ port }) => port);

  test('hostPort', () => {
    const text = pod('{containerPort: 80, hostPort: 8080}, {containerPort: 81}');
    expect(edgesOf(text)).toEqual(['HostPort shop/p => shop/p TCP 80']);
    expect(hostPorts(text)).toEqual([8080]);
  });

  test("on the host's network each named port", () => {
    expect(edgesOf(pod('{containerPort: 80}', 'hostNetwork: true, '))).toEqual([
      'HostPort shop/p => shop/p TCP 80',
    ]);
  });

  test.each([
    '{containerPort: 80}',
    '{containerPort: 80, hostPort: 0}',
    '{containerPort: 80, hostPort: 80, hostIP: 127.0.0.1}',
    '{containerPort: 80, hostPort: 80, hostIP: "::1"}',
    '{hostPort: 80}',
  ])('no way in: %s', (port) => expect(entriesOf(pod(port))).toEqual([]));

  test('of init containers those that keep running', () => {
    const init = (more: string) =>
      `, initContainers: [{name: i, image: e.test/i${more}, ports: [{containerPort: 90, hostPort: 90}]}]`;
    expect(entriesOf(pod('', '', init('')))).toEqual([]);
    expect(hostPorts(pod('', '', init(', restartPolicy: Always')))).toEqual([90]);
  });
});
