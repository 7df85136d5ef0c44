import { expect, test } from 'vitest';
import { podYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { authenticationYaml, authorizationYaml, namespaceYaml } from './mesh-checks.fixture.ts';
import { meshNotShown } from './mesh-not-shown.ts';

const strict = authenticationYaml('default', '{mtls: {mode: STRICT}}');

test('a namespace that no manifest declares', () => {
  expect(findings(meshNotShown, strict + authorizationYaml('p', '{}'))).toEqual([
    {
      at: 'shop',
      message:
        'these 2 policies do nothing unless the pods of shop are in the mesh: no manifest shows an injection or ambient label',
      help: 'declare Namespace shop with the label `istio-injection: enabled` or `istio.io/dataplane-mode: ambient`',
    },
  ]);
});

test('a namespace that is declared without a label', () => {
  const text = namespaceYaml('shop') + podYaml('web', 'app: web') + strict;
  expect(findings(meshNotShown, text)[0]?.message).toMatch(/^this policy does nothing unless .*: shop\/web /);
});

test.each([
  ['injection', namespaceYaml('shop', 'istio-injection: enabled') + strict],
  ['a revision', namespaceYaml('shop', 'istio.io/rev: stable') + strict],
  ['ambient', namespaceYaml('shop', 'istio.io/dataplane-mode: ambient') + strict],
  ['a label on the pods', namespaceYaml('shop') + podYaml('web', 'sidecar.istio.io/inject: "true"') + strict],
  ['the root namespace', authenticationYaml('istio-system/default', '{mtls: {mode: STRICT}}')],
])('nothing to say: %s', (_, text) => expect(findings(meshNotShown, text)).toEqual([]));
