import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { authorizationYaml } from './mesh-checks.fixture.ts';
import { oldApiVersion } from './old-api-version.ts';

const old = authorizationYaml('p', '{}').replace('io/v1', 'io/v1beta1');

test('an older version, with a safe fix', () => {
  expect(findings(oldApiVersion, old)).toMatchObject([
    { at: 'security.istio.io/v1beta1', help: 'write `security.istio.io/v1`' },
  ]);
  expect(findings(oldApiVersion, fixed(oldApiVersion, old))).toEqual([]);
});

test.each([
  ['the current version', authorizationYaml('p', '{}')],
  [
    'a kind that has no newer one',
    'apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: f}\n',
  ],
  [
    'another group',
    'apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: f}\n',
  ],
])('nothing to say: %s', (_, text) => expect(findings(oldApiVersion, text)).toEqual([]));
