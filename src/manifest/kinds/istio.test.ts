import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readManifests } from '../read.ts';
import type { Resource } from '../resource.ts';
import { authorizationPolicyKind } from './authorization-policy.ts';
import { isKind } from './definition.ts';
import { peerAuthenticationKind } from './peer-authentication.ts';

/** Reads one object; tells each problem as `code text-at-its-place`. */
function check(kind: string, spec: unknown, version = 'v1'): { told: string[]; resource: Resource } {
  const object = { apiVersion: `security.istio.io/${version}`, kind, metadata: { name: 'a' }, spec };
  const text = stringify(object, { version: '1.1' });
  const set = readManifests([{ name: 'a.yaml', bytes: new TextEncoder().encode(text) }]);
  const told = set.diagnostics.map(
    ({ code, span }) => `${code} ${text.slice(span!.start.offset, span!.end.offset).replaceAll(/\s+/g, ' ')}`,
  );
  return { told, resource: set.resources[0]! };
}

const source = (value: unknown) => ({ rules: [{ from: [{ source: value }] }] });
const operation = (value: unknown) => ({ rules: [{ to: [{ operation: value }] }] });
const when = (value: unknown) => ({ rules: [{ when: [value] }] });

describe('AuthorizationPolicy', () => {
  test.each([
    {},
    { rules: [{}] },
    { action: 'DENY', rules: [{}] },
    { action: 'AUDIT' },
    { selector: { matchLabels: { app: 'api' } }, rules: null },
    { targetRefs: [{ kind: 'Service', group: '', name: 'api' }] },
    { targetRef: { kind: 'Gateway', group: 'gateway.networking.k8s.io', name: 'waypoint' } },
    { action: 'CUSTOM', provider: { name: 'p' }, rules: [{}] },
    source({ principals: ['*'], notIpBlocks: ['10.0.0.1', '10.1.0.0/16', '2001:db8::/32'] }),
    source({ serviceAccounts: ['web', 'shop/api'] }),
    source({ notPrincipals: ['*'], remoteIpBlocks: ['192.0.2.0/24'], requestPrincipals: ['*'] }),
    operation({ ports: ['8080'], methods: ['GET'], notPaths: ['/a/{*}/b/{**}', '/x*', '*.html'] }),
    operation({ hosts: ['example.test'] }),
    when({ key: 'request.headers[x-user]', values: ['*'] }),
    when({ key: 'request.auth.claims[a][b]', notValues: ['x'] }),
    when({ key: 'destination.port', values: ['80'] }),
    when({ key: 'source.ip', notValues: ['10.0.0.0/8'] }),
    when({ key: 'experimental.envoy.filters.a.b[c]', values: ['d'] }),
  ])('%j is valid', (spec) => {
    for (const version of ['v1', 'v1beta1']) {
      const { told, resource } = check('AuthorizationPolicy', spec, version);
      expect(told).toEqual([]);
      expect(isKind(resource, authorizationPolicyKind)).toBe(true);
    }
  });

  test.each([
    [{ action: 'DENY' }, 'PKT0070 DENY'],
    [{ action: 'CUSTOM', provider: { name: 'p' }, rules: [] }, 'PKT0070 CUSTOM'],
    [{ action: 'CUSTOM', rules: [{}] }, 'PKT0071 CUSTOM'],
    [{ provider: { name: 'p' } }, 'PKT0071 provider'],
  ])('%j is told, and its meaning is plain: %s', (spec, expected) => {
    const { told, resource } = check('AuthorizationPolicy', spec);
    expect(told).toEqual([expected]);
    expect(isKind(resource, authorizationPolicyKind)).toBe(true);
  });

  test.each([
    [{ selector: {}, targetRefs: [{ kind: 'Service', name: 'a' }] }, 'PKT0072 selector'],
    [{ rules: [{ from: [] }] }, 'PKT0073 []'],
    [{ rules: [{ to: [] }] }, 'PKT0073 []'],
    [source({}), 'PKT0073 {}'],
    [source({ principals: [] }), 'PKT0073 principals: []'],
    [operation({}), 'PKT0073 {}'],
    [when({ key: 'request.header[x]', values: ['a'] }), 'PKT0074 request.header[x]'],
    [when({ key: 'source.ip' }), 'PKT0074 key: source.ip'],
    [source({ ipBlocks: ['10.0.0.0/33'] }), 'PKT0075 10.0.0.0/33'],
    [source({ principals: [''] }), 'PKT0075 ""'],
    [operation({ ports: ['http'] }), 'PKT0075 http'],
    [operation({ ports: ['0'] }), 'PKT0075 "0"'],
    [operation({ ports: [8080] }), 'PKT0031 8080'],
    [operation({ paths: ['/a{*}'] }), 'PKT0075 /a{*}'],
    [operation({ paths: ['/{**}/{*}'] }), 'PKT0075 /{**}/{*}'],
    [operation({ paths: ['/{*}/b*'] }), 'PKT0075 /{*}/b*'],
    [when({ key: 'destination.port', values: ['x'] }), 'PKT0075 x'],
    [when({ key: 'remote.ip', values: ['x'] }), 'PKT0075 x'],
    [source({ serviceAccounts: ['a'], namespaces: ['b'] }), 'PKT0076 serviceAccounts: - a namespaces: - b'],
    [{ action: 'deny', rules: [{}] }, 'PKT0033 deny'],
  ])('%j: %s', (spec, expected) => {
    const { told, resource } = check('AuthorizationPolicy', spec);
    expect(told).toEqual([expected]);
    expect(resource.schema).toBe('invalid');
  });
});

describe('PeerAuthentication', () => {
  test.each([
    {},
    { mtls: { mode: 'STRICT' } },
    { mtls: null, selector: null },
    { selector: { matchLabels: { app: 'a' } }, portLevelMtls: { 8080: { mode: 'DISABLE' } } },
  ])('%j is valid', (spec) => {
    const { told, resource } = check('PeerAuthentication', spec);
    expect(told).toEqual([]);
    expect(isKind(resource, peerAuthenticationKind)).toBe(true);
  });

  test.each([
    [{ mtls: { mode: 'strict' } }, 'PKT0033 strict', 'invalid'],
    [{ portLevelMtls: { 8080: { mode: 'STRICT' } } }, 'PKT0077 portLevelMtls', 'valid'],
    [{ selector: {}, portLevelMtls: { 8080: {} } }, 'PKT0077 portLevelMtls', 'valid'],
    [
      { selector: { matchLabels: { app: 'a' } }, portLevelMtls: { http: { mode: 'STRICT' } } },
      'PKT0075 http',
      'invalid',
    ],
  ])('%j: %s', (spec, expected, schema) => {
    const { told, resource } = check('PeerAuthentication', spec);
    expect(told).toEqual([expected]);
    expect(resource.schema).toBe(schema);
  });
});
