import type { CodeDefinition } from '../../diagnostic/diagnostic.ts';

export const invalidRuleTest: CodeDefinition = {
  code: 'PKT2030',
  title: 'Rule test that cannot be run',
  class: 'schema',
  severity: 'error',
  since: '0.2.0',
  doc: `A file of rule tests names rules files and gives, for each test, events (made up, or those of a capture) and the rules that
must fire on them. This one is of another shape, or names a type of event or a parameter that does not exist.`,
  example: {
    bad: 'tests:\n- name: shadow\n  events: [{type: opne}]\n  expect: []',
    good: 'rules: [falco_rules.yaml]\ntests:\n- name: shadow\n  events: [{type: open, params: {fd: 3, name: /etc/shadow, flags: O_RDONLY}}]\n  expect: [{rule: Read sensitive file untrusted}]',
  },
};

/** Codes of rule tests. */
export const ruleTestCodes: readonly CodeDefinition[] = [invalidRuleTest];
