import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { falcoPods, falcoYaml } from './falco-checks.fixture.ts';
import { oldRulesKey } from './old-rules-key.ts';

const old = 'rules_file:\n  - /etc/falco/falco_rules.yaml\n';

test('the old name', () => {
  const text = falcoYaml(old);
  expect(findings(oldRulesKey, text)).toMatchObject([{ at: 'rules_file', help: 'write `rules_files`' }]);
  expect(findings(oldRulesKey, fixed(oldRulesKey, text))).toEqual([]);
});

test('both names', () => {
  expect(findings(oldRulesKey, falcoYaml(`${old}rules_files: [/etc/falco/rules.d]`))).toMatchObject([
    {
      at: 'rules_file',
      message: 'both `rules_file` and `rules_files` are set: Falco refuses the file and does not start',
    },
  ]);
});

test('a release that has the old name only', () => {
  expect(findings(oldRulesKey, falcoYaml(old) + falcoPods(undefined, '0.37.1'))).toEqual([]);
  expect(findings(oldRulesKey, falcoYaml(old) + falcoPods(undefined, '0.38.0'))).toHaveLength(1);
});
