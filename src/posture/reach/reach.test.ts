import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../segmentation/manifests.fixture.ts';
import { postureOf } from '../posture.fixture.ts';
import { reachEndText } from './end.ts';
import { reachMatrix } from './matrix.ts';
import { parseEndpoint } from './parse-endpoint.ts';
import { reach } from './query.ts';

const posture = postureOf(
  podYaml('web', 'app: web', '', 'podIP: 10.1.0.1') +
    podYaml('api', 'app: api') +
    podYaml('old', 'app: api').replace('Running', 'Failed') +
    policyYaml(
      'api',
      '  podSelector: {matchLabels: {app: api}}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 8080, endPort: 8082}, {port: web}, {port: 53, protocol: UDP}]',
    ),
  'hosts:\n  printer: 198.51.100.7\n  office: 203.0.113.0/24\n',
);

test('parseEndpoint takes names, addresses and hosts', () => {
  expect(parseEndpoint('shop/web', posture)).toMatchObject({ end: { kind: 'workload' } });
  expect(parseEndpoint('pod/shop/web', posture)).toMatchObject({ end: { kind: 'workload' } });
  expect(parseEndpoint('10.1.0.1', posture)).toMatchObject({
    end: { kind: 'workload', address: { family: 4 } },
  });
  expect(parseEndpoint('printer', posture)).toMatchObject({ end: { kind: 'external' } });
});

test('parseEndpoint helps with what it does not know', () => {
  expect(parseEndpoint('shop/wbe', posture)).toMatchObject({ help: 'did you mean shop/web?' });
  expect(parseEndpoint('web', posture)).toMatchObject({ help: 'did you mean shop/web?' });
  expect(parseEndpoint('office', posture)).toMatchObject({ message: 'office has more than one address' });
  expect(parseEndpoint('zzzzzz', posture)).toMatchObject({
    help: 'known are shop/web, shop/api, shop/old, printer, office',
  });
});

test('parseEndpoint asks which of two workloads with one name is meant', () => {
  const both = postureOf(
    podYaml('web', 'app: web') +
      `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: w}}
  template: {metadata: {labels: {app: w}}, spec: {containers: [{name: main, image: example.test/main}]}}
`,
  );
  expect(parseEndpoint('shop/web', both)).toMatchObject({
    help: 'say which: Pod/shop/web, Deployment/shop/web',
  });
});

test('reach answers for one connection', () => {
  const end = (text: string) => {
    const parsed = parseEndpoint(text, posture);
    if (!('end' in parsed)) throw new Error(parsed.message);
    return parsed.end;
  };
  expect(reach(posture, end('shop/web'), end('shop/api'), 'TCP', 8081).outcome).toBe('allow');
  expect(reach(posture, end('printer'), end('shop/api'), 'TCP', 8081).outcome).toBe('deny');
});

test('reachMatrix gives exact ports, leaves out finished pods and a pod with itself', () => {
  const rows = [...reachMatrix(posture)].map(
    ({ source, destination, ports }) =>
      `${reachEndText(source)} ${reachEndText(destination)} ${ports.map(({ protocol, allowed }) => `${protocol} ${allowed}`).join(' ')}`,
  );
  expect(rows).toEqual([
    'shop/web shop/api TCP 8080-8082 UDP 53 SCTP none',
    'shop/api shop/web TCP 0-65535 UDP 0-65535 SCTP 0-65535',
    '0.0.0.0/0,::/0 shop/web TCP 0-65535 UDP 0-65535 SCTP 0-65535',
    'shop/web 0.0.0.0/0,::/0 TCP 0-65535 UDP 0-65535 SCTP 0-65535',
    'shop/api 0.0.0.0/0,::/0 TCP 0-65535 UDP 0-65535 SCTP 0-65535',
  ]);
  const [first] = reachMatrix(posture, { protocol: 'TCP', port: 8081 });
  expect(first?.ports.map(({ protocol, allowed }) => `${protocol} ${allowed}`)).toEqual(['TCP 8081']);
});
