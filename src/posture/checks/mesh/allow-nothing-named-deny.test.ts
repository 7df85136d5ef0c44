import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { allowNothingNamedDeny } from './allow-nothing-named-deny.ts';
import { authorizationYaml } from './mesh-checks.fixture.ts';

test('an empty policy that is called a denial', () => {
  expect(findings(allowNothingNamedDeny, authorizationYaml('deny-all', '{}'))).toMatchObject([
    { at: 'deny-all' },
  ]);
});

test.each([
  ['its usual name', authorizationYaml('allow-nothing', '{}')],
  ['a real denial', authorizationYaml('deny-all', '{action: DENY, rules: [{}]}')],
  ['it has rules', authorizationYaml('deny-others', '{rules: [{from: [{source: {namespaces: [shop]}}]}]}')],
])('nothing to say: %s', (_, text) => expect(findings(allowNothingNamedDeny, text)).toEqual([]));
