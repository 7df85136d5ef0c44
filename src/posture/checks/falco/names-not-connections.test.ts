import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { falcoYaml, ruleText } from './falco-checks.fixture.ts';
import { namesNotConnections } from './names-not-connections.ts';

const rules = (text: string) => falcoYaml('json_output: true', { 'rules.yaml': text });
const byName = 'spawned_process and proc.name in (nc, ncat, netcat)';

test('names of programs in place of connections', () => {
  expect(findings(namesNotConnections, rules(ruleText(byName)))).toMatchObject([{ at: 'proc.name' }]);
  const macro = '- macro: tools\n  condition: proc.name in (nc)\n';
  expect(
    findings(namesNotConnections, rules(macro + ruleText('spawned_process and tools and proc.name != a'))),
  ).toHaveLength(1);
});

test.each([
  ['as the help says', ruleText(byName.replace('spawned_process', 'outbound and container'))],
  ['a field of connections', ruleText(`${byName} and fd.type = ipv4`)],
  ['a type of event', ruleText(`(${byName}) or evt.type in (connect)`)],
  ['a macro of its own', `- macro: talks\n  condition: outbound\n${ruleText(`${byName} and talks`)}`],
  ['a macro whose name says so', ruleText(`${byName} and edge_network_events`)],
  ['it speaks of programs', ruleText(byName).replace('unusual network connections', 'network tools')],
  ['arguments', ruleText(`${byName} and proc.args contains "-e"`)],
  ['it matches no names', ruleText('spawned_process and user.name = root')],
])('nothing to say: %s', (_, text) => expect(findings(namesNotConnections, rules(text))).toEqual([]));

test('macros that name one another come to an end', () => {
  const text = `- macro: a\n  condition: b\n- macro: b\n  condition: a\n${ruleText(`${byName} and a`)}`;
  expect(findings(namesNotConnections, rules(text))).toHaveLength(1);
});
