import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { falcoYaml, ruleText } from './falco-checks.fixture.ts';
import { socketViewersMatched } from './socket-viewers-matched.ts';

const rules = (text: string) => falcoYaml('json_output: true', { 'rules.yaml': text });
const inList = (names: string) => rules(ruleText(`spawned_process and proc.name in (${names})`));

test('among tools that connect', () => {
  const text = inList('nc, nmap, ss, netstat');
  expect(findings(socketViewersMatched, text)).toMatchObject([{ at: 'ss, netstat' }]);
  expect(fixed(socketViewersMatched, text)).toBe(inList('nc, nmap'));
});

test('apart from one another', () => {
  expect(findings(socketViewersMatched, inList('ss, nc, netstat'))).toMatchObject([
    { at: 'ss', help: 'take `ss` and `netstat` out, or match them in a rule of low priority' },
  ]);
});

test('in a list', () => {
  expect(findings(socketViewersMatched, rules('- list: tools\n  items: [nc, ss]'))).toMatchObject([
    { at: 'ss' },
  ]);
});

test.each([
  ['tools that connect', inList('nc, nmap')],
  ['a rule about looking', inList('ss, netstat')],
  ['a list of them', rules('- list: tools\n  items: [ss, netstat]')],
])('nothing to say: %s', (_, text) => expect(findings(socketViewersMatched, text)).toEqual([]));
