import { expect, test } from 'vitest';
import { fileText } from '../../manifest/embedded.ts';
import { loadRules } from '../../rules/load/load.ts';
import { capabilitiesOf } from '../../sensor/capabilities.ts';
import { coverageLines } from './coverage.ts';
import { eventSources } from './load-rule-files.ts';

const rule = (name: string, condition: string, more = '') =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: o\n  priority: NOTICE\n${more}`;

const text = [
  rule('fine', 'evt.type = openat and fd.name = /x'),
  rule('exception', 'evt.type = openat and not container.image.repository in (a)'),
  rule('another', 'evt.type = openat and not container.image.repository in (b)'),
  rule('never', 'evt.type = io_uring_setup'),
  rule('off', 'evt.type = io_uring_setup', '  enabled: false\n'),
  rule('audit', 'ka.verb = get', '  source: k8s_audit\n'),
].join('');
const loaded = loadRules([fileText('rules.yaml', text)], { sources: eventSources });

test('each rule that cannot be evaluated as it is meant is named, with what is missing', () => {
  expect(coverageLines(loaded, capabilitiesOf('bpf'))).toEqual([
    '2 rules may miss something or say too much here, for want of container.image.repository: exception; another',
    'a rule can never fire here, for want of io_uring_setup events: never',
  ]);
  expect(coverageLines(loaded, capabilitiesOf('bpf', { containers: true }))).toEqual([
    'a rule can never fire here, for want of io_uring_setup events: never',
  ]);
});

test('what is there in part is told together', () => {
  const some =
    rule('one', 'evt.type = execve and proc.args = a') + rule('two', 'evt.type = execve and proc.tty != 0');
  const { rules, correlations } = loadRules([fileText('rules.yaml', some)], { sources: eventSources });
  expect(coverageLines({ rules, correlations }, capabilitiesOf('tracefs'))).toEqual([
    '2 rules may miss something here, as there is only part of execve events, proc.args, proc.tty: one; two',
  ]);
});
