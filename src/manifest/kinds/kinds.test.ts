import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readManifests } from '../read.ts';
import type { Resource } from '../resource.ts';
import { isKind } from './definition.ts';
import { deploymentKind } from './deployment.ts';
import { networkPolicyKind } from './network-policy.ts';
import { podKind } from './pod.ts';
import { podTemplateOf } from './pod-template.ts';
import { definitionsOf, kinds } from './registry.ts';

/** Reads one object; tells each problem as `code text-at-its-place`. */
function check(object: Record<string, unknown>): { told: string[]; resource: Resource } {
  const text = stringify({ metadata: { name: 'a' }, ...object }, { version: '1.1' });
  const set = readManifests([{ name: 'a.yaml', bytes: new TextEncoder().encode(text) }]);
  const told = set.diagnostics.map(
    ({ code, span }) => `${code} ${text.slice(span!.start.offset, span!.end.offset).replaceAll(/\s+/g, ' ')}`,
  );
  return { told, resource: set.resources[0]! };
}

const policy = (spec: unknown) => check({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', spec });
const peer = (value: unknown) => policy({ ingress: [{ from: [value] }] });
const port = (value: unknown) => policy({ ingress: [{ ports: [value] }] });
const template = (labels: unknown, spec: unknown) => ({ metadata: { labels }, spec });
const pod = (spec: unknown) => check({ apiVersion: 'v1', kind: 'Pod', spec });

describe('NetworkPolicy', () => {
  test.each([
    {},
    null,
    { podSelector: {} },
    { podSelector: null, ingress: null, egress: null, policyTypes: null },
    { ingress: [], egress: [{}] },
    {
      ingress: [
        { from: null, ports: null },
        { from: [], ports: [] },
      ],
    },
    {
      ingress: [
        {
          from: [{ podSelector: {} }, { namespaceSelector: {} }, { podSelector: {}, namespaceSelector: {} }],
        },
      ],
    },
    { egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] }, podSelector: null }] }] },
    { egress: [{ to: [{ ipBlock: { cidr: '2001:db8::/32', except: ['2001:db8:1::/48'] } }] }] },
    {
      ingress: [
        { ports: [{}, { port: 80 }, { port: 'http' }, { port: 1, endPort: 65535 }, { protocol: 'SCTP' }] },
      ],
    },
    {
      podSelector: {
        matchExpressions: [
          { key: 'a/b', operator: 'In', values: ['c'] },
          { key: 'd', operator: 'Exists' },
        ],
      },
    },
  ])('%j is valid', (spec) => {
    const { told, resource } = policy(spec);
    expect(told).toEqual([]);
    expect(isKind(resource, networkPolicyKind)).toBe(true);
  });

  test.each([
    [{}, 'PKT0040 {}'],
    [{ podSelector: null }, 'PKT0040 podSelector: null'],
    [{ ipBlock: { cidr: '10.0.0.0/8' }, namespaceSelector: {} }, 'PKT0041 cidr: 10.0.0.0/8'],
    [{ ipBlock: { cidr: '10.0.0.0' } }, 'PKT0042 10.0.0.0'],
    [{ ipBlock: { cidr: '10.0.0.0/33' } }, 'PKT0042 10.0.0.0/33'],
    [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }, 'PKT0042 11.0.0.0/16'],
    [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }, 'PKT0042 10.0.0.0/8'],
    [{ ipBlock: { cidr: '10.0.0.0/8', except: ['2001:db8::/32'] } }, 'PKT0042 2001:db8::/32'],
    [{ ipBlock: {} }, 'PKT0032 ipBlock'],
    [{ podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }, 'PKT0044 key: a operator: In'],
    [{ podSelector: { matchExpressions: [{ key: 'a', operator: 'NotIn', values: [] }] } }, 'PKT0044 []'],
    [{ podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } }, 'PKT0044 - b'],
    [{ podSelector: { matchExpressions: [{ key: 'a', operator: 'in', values: ['b'] }] } }, 'PKT0033 in'],
    [{ podSelector: { matchLabels: { a: 1 } } }, 'PKT0031 1'],
    [{ podSelector: [] }, 'PKT0031 []'],
  ])('peer %j: %s', (value, expected) => {
    const { told, resource } = peer(value);
    expect(told).toEqual([expected]);
    expect(isKind(resource, networkPolicyKind)).toBe(false);
  });

  test.each([
    [{ port: 0 }, 'PKT0034 0'],
    [{ port: 65536 }, 'PKT0034 65536'],
    [{ port: 80.5 }, 'PKT0034 80.5'],
    [{ port: '80' }, 'PKT0034 "80"'],
    [{ port: 'Http' }, 'PKT0034 Http'],
    [{ port: true }, 'PKT0031 true'],
    [{ port: 'http', endPort: 90 }, 'PKT0043 90'],
    [{ endPort: 90 }, 'PKT0043 90'],
    [{ port: 91, endPort: 90 }, 'PKT0043 90'],
    [{ port: 91, endPort: 'x' }, 'PKT0031 x'],
    [{ protocol: 'tcp' }, 'PKT0033 tcp'],
    [{ protocol: 'ICMP' }, 'PKT0033 ICMP'],
  ])('port %j: %s', (value, expected) => {
    const { told, resource } = port(value);
    expect(told).toEqual([expected]);
    expect(resource.schema).toBe('invalid');
  });

  test.each([
    [{ policyTypes: ['ingress'] }, 'PKT0033 ingress'],
    [{ podSelecter: {} }, 'PKT0030 podSelecter'],
    [{ ingress: [{ form: [] }] }, 'PKT0030 form'],
    [{ ingress: { from: [] } }, 'PKT0031 from: []'],
    [{ podSelector: { matchLabels: { '-a': 'b' } } }, 'PKT0035 -a'],
    [{ podSelector: { matchLabels: { a: 'b c' } } }, 'PKT0035 b c'],
  ])('spec %j: %s', (spec, expected) => expect(policy(spec).told).toEqual([expected]));

  test('an unknown field or a malformed name does not hide the policy', () => {
    expect(isKind(policy({ podSelecter: {} }).resource, networkPolicyKind)).toBe(true);
    const named = check({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'Deny_All', namespace: 'a.b' },
    });
    expect(named.told).toEqual(['PKT0035 Deny_All', 'PKT0035 a.b']);
    expect(named.resource).toMatchObject({ schema: 'valid', name: 'Deny_All', namespace: 'a.b' });
  });
});

describe('pods and workloads', () => {
  const spec = { containers: [{ name: 'c', ports: [{ containerPort: 80, name: 'http', hostPort: 0 }] }] };

  test('a pod with about everything raises no false alarm', () => {
    const full = {
      ...spec,
      initContainers: [
        { name: 'i', restartPolicy: 'Always', securityContext: { capabilities: { drop: ['ALL'] } } },
      ],
      ephemeralContainers: [{ name: 'e', targetContainerName: 'c' }],
      affinity: { nodeAffinity: { anything: [{ goes: 1 }] } },
      volumes: [
        { name: 'a', projected: { sources: [{ serviceAccountToken: { path: 'x' } }] } },
        { name: 'b', hostPath: { path: '/' } },
        { name: 'd', emptyDir: { sizeLimit: '1Gi' } },
      ],
      tolerations: [{ operator: 'Exists' }],
      securityContext: { seccompProfile: { type: 'RuntimeDefault' }, sysctls: [{ name: 'a', value: 'b' }] },
      dnsConfig: { options: [{ name: 'ndots', value: '1' }] },
      terminationGracePeriodSeconds: 0,
    };
    const { told, resource } = check({
      apiVersion: 'v1',
      kind: 'Pod',
      spec: full,
      status: { podIP: '10.0.0.1', qosClass: 'x' },
    });
    expect(told).toEqual([]);
    expect(isKind(resource, podKind) && resource.value.status?.podIP).toBe('10.0.0.1');
  });

  test.each([
    [{ ...spec, hostNetwrok: true }, 'PKT0030 hostNetwrok'],
    [{ ...spec, hostNetwork: 'true' }, 'PKT0031 "true"'],
    [{ containers: [{ name: 'c', securityContext: { priviledged: true } }] }, 'PKT0030 priviledged'],
    [{ containers: [{ name: 'c', ports: [{ containerPort: 80800 }] }] }, 'PKT0034 80800'],
    [
      { containers: [{ name: 'c', ports: [{ containerPort: 80, name: 'much-too-long-a-name' }] }] },
      'PKT0035 much-too-long-a-name',
    ],
    [{ containers: [{ name: 'c', env: [{ name: 'A', value: 1 }] }] }, 'PKT0031 1'],
    [{ containers: [{ name: 'c' }, { name: 'c' }] }, 'PKT0034 c'],
    [{ containers: [{}] }, 'PKT0032 {}'],
    [{ containers: [] }, 'PKT0034 []'],
    [{}, 'PKT0032 spec'],
  ])('%j: %s', (value, expected) => expect(pod(value).told).toEqual([expected]));

  const selector = { matchLabels: { app: 'a' } };
  const good = { selector, template: template({ app: 'a' }, spec) };

  test.each([
    ['apps/v1', 'Deployment', good],
    ['apps/v1', 'StatefulSet', good],
    ['apps/v1', 'DaemonSet', good],
    ['apps/v1', 'ReplicaSet', good],
    ['v1', 'ReplicationController', { selector: { app: 'a' }, template: good.template }],
    ['batch/v1', 'Job', { template: good.template }],
    ['batch/v1', 'CronJob', { schedule: '* * * * *', jobTemplate: { spec: { template: good.template } } }],
  ])('the pod template of %s %s', (apiVersion, kind, value) => {
    const { told, resource } = check({ apiVersion, kind, spec: value });
    expect(told).toEqual([]);
    const found = podTemplateOf(resource)!;
    expect(found).toMatchObject({ labels: { app: 'a' }, spec });
    expect(resource.at([...found.labelsPath, 'app']).start.line).toBeGreaterThan(1);
    expect(resource.keyAt(found.specPath)).not.toEqual(resource.keyAt(['spec']));
  });

  test('a pod is its own template; other kinds and invalid objects have none', () => {
    expect(podTemplateOf(pod(spec).resource)).toMatchObject({ labels: {}, specPath: ['spec'] });
    expect(podTemplateOf(policy({}).resource)).toBeUndefined();
    expect(podTemplateOf(pod({ containers: 1 }).resource)).toBeUndefined();
  });

  test('a selector that misses its template', () => {
    const { told, resource } = check({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { selector: { matchLabels: { app: 'b', tier: 'x' } }, template: good.template },
    });
    expect(told).toEqual(['PKT0045 b', 'PKT0045 x']);
    expect(isKind(resource, deploymentKind)).toBe(true);
  });
});

describe('Service and Namespace', () => {
  test.each([
    [{ ports: [{ port: 80, targetPort: 'http' }], selector: { app: 'a' } }, []],
    [{ clusterIP: 'None', ports: null, selector: null }, []],
    [{ ports: [{ port: 80 }, { port: 81, name: 'b' }] }, ['PKT0034 port: 80']],
    [{ ports: [{ port: 80, targetport: 8080 }] }, ['PKT0030 targetport']],
    [{ type: 'Clusterip' }, ['PKT0033 Clusterip']],
  ])('%j', (spec, expected) =>
    expect(check({ apiVersion: 'v1', kind: 'Service', spec }).told).toEqual(expected),
  );

  test('names follow the rules of their kind', () => {
    const named = (kind: string, name: string) => check({ apiVersion: 'v1', kind, metadata: { name } }).told;
    expect(named('Namespace', 'a.b')).toEqual(['PKT0035 a.b']);
    expect(named('ConfigMap', 'a.b')).toEqual([]);
    expect(named('Service', '1a')).toEqual(['PKT0035 1a']);
  });
});

describe('registry', () => {
  test('no version of a kind is defined twice, and what is served is not removed', () => {
    const ids = kinds.flatMap(({ kind, apiVersions }) => apiVersions.map((version) => `${version}/${kind}`));
    expect(new Set(ids).size).toBe(ids.length);
    for (const { apiVersions, removed = {} } of kinds) {
      expect(apiVersions.filter((version) => version in removed)).toEqual([]);
    }
    expect(definitionsOf('Gateway')).toHaveLength(2);
  });
});
