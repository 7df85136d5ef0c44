import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readManifests } from '../read.ts';

const versions: Readonly<Record<string, string>> = {
  ClusterNetworkPolicy: 'v1alpha2',
  AdminNetworkPolicy: 'v1alpha1',
  BaselineAdminNetworkPolicy: 'v1alpha1',
};

/** Reads one object; tells each problem as `code text-at-its-place`, and whether the object fits. */
function check(kind: string, spec: unknown, name = 'default') {
  const object = { apiVersion: `policy.networking.k8s.io/${versions[kind]}`, kind, metadata: { name }, spec };
  const text = stringify(object, { version: '1.1' });
  const set = readManifests([{ name: 'a.yaml', bytes: new TextEncoder().encode(text) }]);
  const told = set.diagnostics.map(
    ({ code, span }) => `${code} ${text.slice(span!.start.offset, span!.end.offset).replaceAll(/\s+/g, ' ')}`,
  );
  return { told, schema: set.resources[0]!.schema };
}

const everything = { namespaces: {} };
const base = { tier: 'Admin', priority: 5, subject: everything };
const egress = (rule: object, action = 'Accept') => ({
  ...base,
  egress: [{ action, to: [everything], ...rule }],
});

describe('ClusterNetworkPolicy', () => {
  test.each([
    base,
    { ...base, ingress: null, egress: [] },
    { ...base, subject: { pods: { podSelector: { matchLabels: { app: 'a' } } } } },
    {
      ...base,
      ingress: [{ name: 'n', action: 'Pass', from: [{ pods: { namespaceSelector: {}, podSelector: {} } }] }],
    },
    egress({ to: [{ nodes: {} }, { networks: ['10.0.0.0/8', '::/0'] }, { domainNames: ['*.example.com'] }] }),
    egress({
      protocols: [
        { tcp: { destinationPort: { number: 80 } } },
        { udp: { destinationPort: { range: { start: 1, end: 9 } } } },
        { sctp: { destinationPort: { number: 9 } } },
        { destinationNamedPort: 'web' },
      ],
    }),
  ])('%j is valid', (spec) => {
    expect(check('ClusterNetworkPolicy', spec)).toEqual({ told: [], schema: 'valid' });
  });

  test.each([
    [{ ...base, tier: 'Platform' }, 'PKT0033'],
    [{ ...base, priority: 1001 }, 'PKT0034'],
    [{ ...base, subject: {} }, 'PKT0063'],
    [{ ...base, subject: { namespaces: {}, pods: { podSelector: {} } } }, 'PKT0063'],
    [egress({}, 'Allow'), 'PKT0033'],
    [egress({ to: [] }), 'PKT0034'],
    [egress({ to: [{ namespaces: {}, networks: ['10.0.0.0/8'] }] }), 'PKT0063'],
    [egress({ to: [{ networks: ['10.0.0.1'] }] }), 'PKT0067'],
    [egress({ to: [{ domainNames: ['a.example'] }] }, 'Deny'), 'PKT0066'],
    [egress({ protocols: [] }), 'PKT0034'],
    [egress({ protocols: [{}] }), 'PKT0063'],
    [egress({ protocols: [{ tcp: { destinationPort: { range: { start: 9, end: 9 } } } }] }), 'PKT0064'],
    [egress({ protocols: [{ tcp: { destinationPort: { number: 0 } } }] }), 'PKT0034'],
    [egress({ protocols: [{ tcp: {}, udp: {} }] }), 'PKT00'],
  ])('%j is refused: %s', (spec, code) => {
    const { told, schema } = check('ClusterNetworkPolicy', spec);
    expect(told.join()).toContain(code);
    expect(schema).toBe('invalid');
  });

  test('more rules than the API takes are told', () => {
    const rule = { action: 'Deny', from: [everything] };
    const { told } = check('ClusterNetworkPolicy', { ...base, ingress: Array(26).fill(rule) });
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('PKT0087');
    const longer = { ...base, tier: undefined, ingress: Array(26).fill(rule) };
    expect(check('AdminNetworkPolicy', longer).told).toEqual([]);
  });

  test('a peer of a kind that is not known is told, and its rule still has a meaning', () => {
    const { told, schema } = check('ClusterNetworkPolicy', {
      ...base,
      ingress: [{ action: 'Deny', from: [{ services: {} }] }],
    });
    expect(told[0]).toContain('services');
    expect(schema).toBe('valid');
  });
});

describe('AdminNetworkPolicy and BaselineAdminNetworkPolicy', () => {
  const ports = [
    { portNumber: { protocol: 'TCP', port: 80 } },
    { portRange: { start: 1, end: 9 } },
    { namedPort: 'web' },
  ];
  const rule = { action: 'Allow', from: [everything], ports };

  test('are valid', () => {
    const admin = { priority: 0, subject: everything, ingress: [rule, { ...rule, action: 'Pass' }] };
    expect(check('AdminNetworkPolicy', admin, 'a')).toEqual({ told: [], schema: 'valid' });
    const baseline = { subject: everything, ingress: [rule] };
    expect(check('BaselineAdminNetworkPolicy', baseline)).toEqual({ told: [], schema: 'valid' });
  });

  test('a baseline is named default and never passes on', () => {
    expect(check('BaselineAdminNetworkPolicy', { subject: everything }, 'other')).toEqual({
      told: ['PKT0065 other'],
      schema: 'invalid',
    });
    const passing = { subject: everything, ingress: [{ ...rule, action: 'Pass' }] };
    expect(check('BaselineAdminNetworkPolicy', passing).schema).toBe('invalid');
  });

  test.each([
    [[{ portNumber: { port: 80 }, namedPort: 'web' }], 'PKT0063'],
    [[{ portRange: { start: 9, end: 1 } }], 'PKT0064'],
  ])('ports %j are refused: %s', (list, code) => {
    const spec = { priority: 1, subject: everything, ingress: [{ ...rule, ports: list }] };
    expect(check('AdminNetworkPolicy', spec, 'a').told.join()).toContain(code);
  });
});
