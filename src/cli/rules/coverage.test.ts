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

test('rules that lack only the container engine are told together, whichever of its fields they ask for', () => {
  const some =
    rule('image', 'evt.type = openat and not container.image.repository in (a)') +
    rule('pod', 'evt.type = openat and not k8s.ns.name = kube-system') +
    rule('privileged', 'evt.type = execve and container.privileged = true') +
    rule('more', 'evt.type = connect and proc.is_container_healthcheck = true and k8s.ns.name = b');
  const set = loadRules([fileText('rules.yaml', some)], { sources: eventSources });
  expect(coverageLines(set, capabilitiesOf('bpf'), capabilitiesOf('bpf', { containers: true }))).toEqual([
    '2 rules may miss something or say too much here, for want of what only a container engine tells: image; pod',
    'a rule can never fire here, for want of what only a container engine tells: privileged',
    'a rule can never fire here, for want of k8s.ns.name, proc.is_container_healthcheck: more',
  ]);
});

test('of very many reasons only the outcomes are told, with every name', () => {
  const calls = ['io_uring_setup', 'userfaultfd', 'setns', 'unshare', 'ptrace', 'link', 'symlink'];
  const some = calls.map((call) => rule(`on ${call}`, `evt.type = ${call}`)).join('');
  const set = loadRules([fileText('rules.yaml', some)], { sources: eventSources });
  expect(coverageLines(set, capabilitiesOf('tracefs'))).toEqual([
    `7 rules can never fire here (picket rules list -o json says what each lacks): ${calls.map((call) => `on ${call}`).join('; ')}`,
  ]);
});
