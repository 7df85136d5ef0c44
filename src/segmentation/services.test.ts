import { expect, test } from 'vitest';
import { formatAddress } from '../net/address.ts';
import { formatPrefix } from '../net/prefix.ts';
import { readInventory } from './inventory.ts';
import { manifests } from './manifests.fixture.ts';

const service = (spec: string, annotations = '') =>
  readInventory(
    manifests(`apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {${annotations}}}
spec: {${spec}}
`).resources,
  ).services[0]!;

const ranges = (spec: string, annotations = '') =>
  service(spec, annotations).balancerSources?.map(formatPrefix);

test('external addresses and the policy for traffic inside', () => {
  const { externalAddresses, addresses, nodeLocal } = service(
    'externalIPs: [192.0.2.1, nonsense, "2001:db8::1"], clusterIP: 10.0.0.1, internalTrafficPolicy: Local',
  );
  expect(externalAddresses.map(formatAddress)).toEqual(['192.0.2.1', '2001:db8::1']);
  expect(addresses.map(formatAddress)).toEqual(['10.0.0.1']);
  expect(nodeLocal).toBe(true);
  expect(service('ports: []').nodeLocal).toBe(false);
});

test('whom the load balancer lets in: the field, else the annotation, else anyone', () => {
  const annotation =
    'service.beta.kubernetes.io/load-balancer-source-ranges: "192.0.2.0/24, 198.51.100.0/24"';
  expect(ranges('type: LoadBalancer')).toBeUndefined();
  expect(ranges('loadBalancerSourceRanges: []')).toBeUndefined();
  expect(ranges('loadBalancerSourceRanges: [" 10.0.0.0/8", 7, x]')).toEqual(['10.0.0.0/8']);
  expect(ranges('type: LoadBalancer', annotation)).toEqual(['192.0.2.0/24', '198.51.100.0/24']);
  expect(ranges('loadBalancerSourceRanges: [10.0.0.0/8]', annotation)).toEqual(['10.0.0.0/8']);
});
