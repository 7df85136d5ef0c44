import { expect, test } from 'vitest';
import { AddressSet } from '../../net/address-set.ts';
import { hostPrefix, parsePrefix } from '../../net/prefix.ts';
import { addressesOf } from '../../segmentation/endpoint.ts';
import { podYaml, policyYaml } from '../../segmentation/manifests.fixture.ts';
import { postureOf } from '../posture.fixture.ts';
import { brokenBy } from './broken-by.ts';
import { ReachIndex } from './reach-index.ts';
import { readAssertions } from './read.ts';

const posture = postureOf(
  podYaml('web', 'app: web', '', 'podIP: 10.1.0.1') +
    podYaml('api', 'app: api') +
    policyYaml(
      'api',
      '  podSelector: {matchLabels: {app: api}}\n  ingress:\n  - from: [{ipBlock: {cidr: 203.0.113.0/24}}]',
    ),
  'hosts:\n  printer: 198.51.100.7\n',
);

function run(cut: string, ...asked: string[]) {
  const { assertions, diagnostics } = readAssertions([
    {
      name: 'picket-test.yaml',
      bytes: new TextEncoder().encode(`assertions:\n${asked.map((one) => `- ${one}\n`).join('')}`),
    },
  ]);
  expect(diagnostics).toEqual([]);
  let built = 0;
  const pods = AddressSet.ofPrefixes(posture.inventory.workloads.flatMap(addressesOf).map(hostPrefix));
  const hosts = AddressSet.ofPrefixes(posture.hosts.flatMap(({ prefixes }) => prefixes));
  const found = brokenBy(AddressSet.ofPrefixes([parsePrefix(cut)!]), assertions, pods, hosts, () => {
    built++;
    return new ReachIndex(posture);
  });
  return { built, found: found.map(({ name, connection }) => `${name}: ${connection}`) };
}

const partner = '{name: partner, must: {from: 203.0.113.0/24, to: shop/api, port: 443}}';

test('an address that a must names is not to be cut, nor a range around it', () => {
  expect(run('203.0.113.9/32', partner).found).toEqual(['partner: 203.0.113.9/32 → shop/api']);
  expect(run('203.0.112.0/20', partner).found).toEqual(['partner: 203.0.113.0/24 → shop/api']);
});

test('an address that none names is, and no matrix is made for it', () => {
  expect(run('198.51.100.200/32', partner)).toEqual({ built: 0, found: [] });
});

test('hosts of the site file and pods', () => {
  const prints = '{name: prints, must: {from: shop/web, to: printer, port: 631}}';
  expect(run('198.51.100.7/32', prints).found).toEqual(['prints: shop/web → 198.51.100.7/32']);
  expect(run('10.1.0.0/24', prints).found).toEqual(['prints: shop/web → 198.51.100.7/32']);
});

test('the internet as a whole is not one address; a must that does not hold is not broken by the cut', () => {
  const open = '{name: open, must: {from: internet, to: shop/web, port: 80}}';
  expect(run('203.0.113.9/32', open, partner.replace('partner', 'p2')).found).toEqual([
    'p2: 203.0.113.9/32 → shop/api',
  ]);
  expect(run('10.1.0.1/32', open).found).toHaveLength(1);
  const never = '{name: never, must: {from: 198.18.0.0/24, to: shop/api, port: 443}}';
  expect(run('198.18.0.1/32', never).found).toEqual([]);
  expect(run('203.0.113.9/32', partner.replace('must:', 'must-not:')).found).toEqual([]);
});
