import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { falcoPods, falcoYaml, ruleText, shippedList } from './falco-checks.fixture.ts';
import { rulesNotLoaded } from './rules-not-loaded.ts';

const rules = { 'custom_rules.yaml': ruleText('evt.type=open') };
const own = 'rules_files:\n  - /etc/falco/falco_rules.yaml\n';

test('nothing mounts it, and the list does not name it', () => {
  const text = falcoYaml(own, rules);
  expect(findings(rulesNotLoaded, text)).toMatchObject([
    {
      at: 'custom_rules.yaml',
      message:
        'no item of `rules_files` loads `custom_rules.yaml`: its rule is never read, and Falco does not say so',
    },
  ]);
  const mended = fixed(rulesNotLoaded, text);
  expect(mended).toContain('      - /etc/falco/custom_rules.yaml\n  custom_rules.yaml');
  expect(findings(rulesNotLoaded, mended)).toEqual([]);
});

test('mounted where no item leads', () => {
  const text = falcoYaml(shippedList, rules) + falcoPods();
  expect(findings(rulesNotLoaded, text)).toMatchObject([
    { help: 'add `- /etc/edge-falco/custom_rules.yaml` to `rules_files`' },
  ]);
  expect(findings(rulesNotLoaded, fixed(rulesNotLoaded, text))).toEqual([]);
});

test('the image’s own configuration lists rules.d only', () => {
  const rulesMap = falcoYaml('{}', rules).replace(/ {2}falco\.yaml: \|\n.*\n/, '');
  const at = (path: string) => rulesMap + falcoPods(`mountPath: ${path}`, '0.44.0', '-A');
  expect(findings(rulesNotLoaded, at('/etc/falco/mine'))).toHaveLength(1);
  expect(findings(rulesNotLoaded, at('/etc/falco/rules.d'))).toEqual([]);
});

test.each([
  ['the list names it', falcoYaml(`${own}  - /etc/falco/custom_rules.yaml`, rules)],
  ['the list has a directory', falcoYaml(shippedList, rules)],
  ['the list has its directory', falcoYaml(`${own}  - /etc/edge-falco/`, rules) + falcoPods()],
  ['there is no list', falcoYaml('json_output: true', rules)],
  ['no configuration is known', falcoYaml('{}', rules).replace('falco.yaml', 'other.txt')],
  [
    'it is given by option',
    falcoYaml(own, rules) + falcoPods(undefined, undefined, '-r, /etc/edge-falco/custom_rules.yaml'),
  ],
])('nothing to say: %s', (_, text) => expect(findings(rulesNotLoaded, text)).toEqual([]));
