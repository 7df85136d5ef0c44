import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { alertWithoutWorkload } from './alert-without-workload.ts';
import { falcoYaml, ruleText } from './falco-checks.fixture.ts';

const rules = (text: string, config = 'json_output: true') => falcoYaml(config, { 'rules.yaml': text });
const rule = ruleText('spawned_process');

test('neither container nor pod', () => {
  const text = rules(rule);
  expect(findings(alertWithoutWorkload, text)).toMatchObject([
    {
      at: 'Tool (command=%proc.cmdline)',
      message: 'the alert names no container and no pod, and the rule has no tags and no exceptions',
    },
  ]);
  const mended = fixed(alertWithoutWorkload, text);
  expect(mended).toContain('(command=%proc.cmdline container=%container.id image=');
  expect(findings(alertWithoutWorkload, mended)).toEqual([]);
});

test('what it has is not called missing', () => {
  const text = rules(ruleText('spawned_process', '  tags: [network]\n'));
  expect(findings(alertWithoutWorkload, text)[0]?.message).toBe(
    'the alert names no container and no pod, and the rule has no exceptions',
  );
});

test('rules of one file are told once', () => {
  const text = rules(rule + ruleText('evt.type=open'));
  expect(findings(alertWithoutWorkload, text)).toMatchObject([
    { message: 'alerts of 2 rules of this file name no container and no pod' },
  ]);
  expect(findings(alertWithoutWorkload, fixed(alertWithoutWorkload, text))).toEqual([]);
});

test.each([
  ['of the host', rules(ruleText('spawned_process and not container'))],
  ['of another source', rules(ruleText('evt.type=a', '  source: k8s_audit\n'))],
  ['the configuration adds it', rules(rule, 'append_output:\n  - suggested_output: true')],
  ['no configuration is known', rules(rule).replace('falco.yaml', 'other.txt')],
  ['a change of an earlier rule', rules(ruleText('spawned_process', '  override: {output: append}\n'))],
])('nothing to say: %s', (_, text) => expect(findings(alertWithoutWorkload, text)).toEqual([]));
