import { describe, expect, test } from 'vitest';
import { type Address, parseAddress } from '../net/address.ts';
import { podYaml, policyYaml } from '../segmentation/manifests.fixture.ts';
import { postureOf } from './posture.fixture.ts';

const service = (name: string, ip: string, selector: string, more = '') => `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec: {clusterIP: ${ip}, selector: {${selector}}, ports: [{port: 80, targetPort: web${more}}]${more && ', type: NodePort'}}
`;

const shop =
  podYaml('web', 'app: web', '', 'podIP: 10.1.0.1') +
  podYaml('api', 'app: api, part: back', 'nodeName: n1', 'podIP: 10.1.0.2, hostIP: 192.0.2.1') +
  podYaml('batch', 'app: batch, part: back', '', 'podIP: "2001:db8::3"') +
  service('api', '10.96.0.1', 'app: api', ', nodePort: 30080') +
  service('back', '10.96.0.2', 'part: back') +
  service('none', '10.96.0.3', 'app: none') +
  policyYaml(
    'api',
    '  podSelector: {matchLabels: {app: api}}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: web}]',
  );

const site = 'site: edge\nhosts:\n  printer: 198.51.100.7\n  office: 198.51.100.0/24\n';

const at = (text: string): Address => parseAddress(text)!;
const posture = postureOf(shop, site);
const judge = (source: string, destination: string, port: number, protocol = 6) =>
  posture.judge({ source: at(source), destination: at(destination), protocol, port });

describe('identify', () => {
  test.each([
    ['10.1.0.1', 'workload', 'shop/web'],
    ['::ffff:10.1.0.1', 'workload', 'shop/web'],
    ['2001:db8::3', 'workload', 'shop/batch'],
    ['10.96.0.1', 'service', 'shop/api'],
    ['192.0.2.1', 'node', 'n1'],
    ['198.51.100.7', 'host', 'printer'],
    ['198.51.100.8', 'host', 'office'],
    ['127.0.0.53', 'loopback', 'loopback'],
    ['::1', 'loopback', 'loopback'],
    ['203.0.113.9', 'unknown', '203.0.113.9'],
  ])('%s is the %s %s', (address, kind, name) => {
    expect(posture.identify(at(address))).toEqual({ kind, name });
  });
});

test('what lies behind the peers of a tunnel has their name, unless the site file or a longer prefix gives another', () => {
  const tunnel = `---
apiVersion: v1
kind: Secret
metadata: {name: wg, namespace: vpn}
stringData:
  wg0.conf: |
    [Interface]
    PrivateKey = aGVsbG8gdGhpcyBpcyBub3QgYSBrZXkgYXQgYWxsISE=
    [Peer]
    PublicKey = aGVsbG8gdGhpcyBpcyBub3QgYSBrZXkgYXQgYWxsISE=
    Endpoint = hub.example.com:51820
    AllowedIPs = 198.51.100.0/24, 203.0.113.0/24, 10.1.0.0/16
    [Peer]
    PublicKey = aGVsbG8gdGhpcyBpcyBub3QgYSBrZXkgYXQgYWxsIS4=
    AllowedIPs = 203.0.113.64/26, 0.0.0.0/0
`;
  const names = (text: string) => postureOf(`${shop}\n${tunnel}`, site).identify(at(text));
  expect(names('203.0.113.9')).toEqual({ kind: 'peer', name: 'wg0/hub.example.com' });
  expect(names('203.0.113.65')).toEqual({ kind: 'peer', name: 'wg0/203.0.113.64' });
  expect(names('198.51.100.9')).toEqual({ kind: 'host', name: 'office' });
  expect(names('10.1.0.1')).toEqual({ kind: 'workload', name: 'shop/web' });
  expect(names('192.0.2.200').kind).toBe('unknown');
});

describe('judge', () => {
  test('pods by their addresses', () => {
    expect(judge('10.1.0.1', '10.1.0.2', 8080).outcome).toBe('allow');
    expect(judge('10.1.0.1', '10.1.0.2', 22).outcome).toBe('deny');
    expect(judge('2001:db8::3', '10.1.0.2', 8080).outcome).toBe('deny');
  });

  test('an outside end and a pod', () => {
    expect(judge('203.0.113.9', '10.1.0.2', 22).outcome).toBe('deny');
    expect(judge('198.51.100.7', '10.1.0.1', 22).outcome).toBe('allow');
    expect(judge('192.0.2.1', '10.1.0.2', 22).outcome).toBe('allow');
  });

  test('two undeclared ends: nothing applies', () => {
    const { outcome, reasons } = judge('203.0.113.9', '198.51.100.7', 22);
    expect(outcome).toBe('allow');
    expect(reasons[0]?.text).toContain('neither end is a declared workload');
  });

  test('a Service as the pods behind it, at their port', () => {
    expect(judge('10.1.0.1', '10.96.0.1', 80).outcome).toBe('allow');
    expect(judge('2001:db8::3', '10.96.0.1', 80).outcome).toBe('deny');
    expect(judge('203.0.113.9', '192.0.2.1', 30080).outcome).toBe('deny');
    const mixed = judge('203.0.113.9', '10.96.0.2', 80);
    expect(mixed.outcome).toBe('unknown');
    expect(mixed.reasons[0]?.text).toBe(
      'Service shop/back leads to pods that differ: shop/api port 8080: denied, shop/batch port 8080: allowed',
    );
    expect(judge('10.1.0.1', '10.96.0.1', 81).reasons[0]?.text).toBe('Service shop/api has no port TCP 81');
    expect(judge('10.1.0.1', '10.96.0.3', 80).outcome).toBe('unknown');
  });
});

test('counts what is declared', () => {
  expect(posture.counts).toEqual({ files: 2, workloads: 3, policies: 1, hosts: 2, errors: 0, warnings: 0 });
});

test('a flood of different connections stays within the cache, and answers stay right', () => {
  const own = postureOf(shop);
  for (let i = 0; i < 40_000; i++) {
    const source: Address = { family: 4, a: 0, b: 0, c: 0, d: 0xcb007100 + (i >> 8) };
    const { outcome } = own.judge({ source, destination: at('10.1.0.2'), protocol: 6, port: i & 255 });
    if (outcome !== 'deny') expect.fail(`connection ${i}: ${outcome}`);
  }
  expect(own.cacheReplaced).toBeGreaterThan(20_000);
  const repeated = { source: at('10.1.0.1'), destination: at('10.1.0.2'), protocol: 6, port: 8080 };
  expect(own.judge(repeated)).toBe(own.judge(repeated));
});
