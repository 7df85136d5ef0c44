import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { falcoPods, falcoYaml, ruleText, shippedList } from './falco-checks.fixture.ts';
import { rulesHidden } from './rules-hidden.ts';

test('a mount over the directory of the shipped rules', () => {
  const text = falcoYaml(shippedList) + falcoPods('mountPath: /etc/falco');
  expect(findings(rulesHidden, text)).toMatchObject([
    {
      at: '{name: config, mountPath: /etc/falco}',
      message:
        '/etc/falco/falco_rules.yaml is not there: ConfigMap security/falco-config takes the place of all that the image has in /etc/falco',
    },
  ]);
});

const withRules = falcoYaml(shippedList, { 'falco_rules.yaml': ruleText('evt.type=open') });

test.each([
  ['a directory of its own', falcoYaml(shippedList) + falcoPods()],
  ['one key', falcoYaml(shippedList) + falcoPods('mountPath: /etc/falco/falco.yaml, subPath: falco.yaml')],
  ['the object has the file', withRules + falcoPods('mountPath: /etc/falco')],
  [
    'the list is given by option',
    falcoYaml(shippedList) + falcoPods('mountPath: /etc/falco', '0.44.0', '-r, /rules'),
  ],
])('nothing to say: %s', (_, text) => expect(findings(rulesHidden, text)).toEqual([]));
