import { expect, test } from 'vitest';
import type { EventSource, Field } from '../../event/field.ts';
import { fileText } from '../../manifest/embedded.ts';
import { compileRules } from '../compile/compile.ts';
import { RuleEngine } from '../engine.ts';
import { AlertPrinter, alertJson, defaultAlertOptions } from '../format/alert.ts';
import { loadRules } from '../load/load.ts';
import { applySettings } from './apply-settings.ts';
import { readSettings } from './read-settings.ts';
import { withBase64Bytes, withStaticFields } from './settings-source.ts';

interface Event {
  readonly name: string;
}

const field = (
  name: string,
  type: Field<Event>['type'],
  extract: (event: Event) => string | Uint8Array,
): Field<Event> => ({
  name,
  type,
  values: 'one',
  onRight: true,
  doc: '',
  bind: () => extract,
});
const plain: EventSource<Event> = {
  id: 'syscall',
  types: ['open'],
  typeOf: () => 0,
  fields: new Map([
    ['evt.type', field('evt.type', 'string', () => 'open')],
    ['proc.name', field('proc.name', 'string', ({ name }) => name)],
    ['evt.buffer', field('evt.buffer', 'bytes', () => Uint8Array.of(0, 255, 65))],
  ]),
};

const rule = (name: string, more = '') =>
  `- {rule: ${name}, desc: d, condition: evt.type = open${more}, output: "%proc.name", priority: ERROR, tags: [t, ${name}]}\n`;

function apply(config: string, text = rule('Shell') + rule('Other').replace('ERROR', 'INFO')) {
  const { settings, diagnostics } = readSettings(fileText('falco.yaml', config), {
    variable: () => undefined,
    include: () => undefined,
  });
  expect(diagnostics).toEqual([]);
  const source = withStaticFields(plain, settings.staticFields);
  const sources = new Map([['syscall', source as never]]);
  const loaded = loadRules([fileText('rules.yaml', text)], { sources });
  expect(loaded.findings.filter(({ code }) => code.severity === 'error')).toEqual([]);
  const applied = applySettings(loaded, settings, sources);
  return {
    ...applied,
    source,
    enabled: applied.rules.filter(({ enabled }) => enabled).map(({ name }) => name),
    told: applied.diagnostics.map(
      ({ code, message, help }) => `${code} ${message}${help ? `: ${help}` : ''}`,
    ),
  };
}

test.each([
  ['', ['Shell', 'Other']],
  ['rules: [{disable: {rule: "*"}}, {enable: {tag: Other}}]', ['Other']],
  ['rules: [{enable: {rule: Other}}, {disable: {rule: "S*"}}]', ['Other']],
  ['rules: [{disable: {tag: t}}, {enable: {rule: Shell}}, {disable: {rule: Shell}}]', []],
  ['priority: error', ['Shell']],
])('%s', (config, enabled) => expect(apply(config).enabled).toEqual(enabled));

test('selections that match nothing are told, with the name that was meant', () => {
  expect(apply('rules: [{disable: {rule: Shel}}, {disable: {tag: x}}]').told).toEqual([
    'PKT2110 no rule has the name `Shel`: write `Shell`',
    'PKT2110 no rule has the tag `x`',
  ]);
  expect(apply('append_output: [{match: {rule: Othr}, extra_output: x}]').told).toEqual([
    'PKT2110 `append_output[0]` matches no rule: write `Other`',
  ]);
});

test('correlations are switched, left out and added to as rules are', () => {
  const correlation = (name: string) =>
    `- {correlation: ${name}, desc: d, count: {condition: evt.type = open, at_least: 1}, within: 1s, output: o, priority: ERROR, tags: [t]}\n`;
  const text = correlation('Many') + correlation('Some').replace('ERROR', 'INFO') + rule('Shell');
  const switched = apply(
    'rules: [{disable: {rule: M*}}]\nappend_output: [{match: {rule: Some}, extra_output: "%proc.name", extra_fields: [evt.type]}]',
    text,
  );
  expect(switched.told).toEqual([]);
  expect(switched.enabled).toEqual(['Shell']);
  expect(switched.correlations).toMatchObject([
    { name: 'Many', enabled: false },
    { name: 'Some', enabled: true, output: 'o %proc.name' },
  ]);
  const engine = new RuleEngine(switched, switched.source, {
    timeOf: () => 1n,
    hostname: 'h',
    matching: 'all',
  });
  const alerts = engine.take({ name: 'sh' });
  expect(alerts.map(({ rule: { name }, message }) => [name, message])).toEqual([
    ['Shell', 'sh'],
    ['Some', 'o sh'],
  ]);
  expect(alerts[1]?.fields.get('evt.type')).toBe('"open"');
  expect(apply('priority: error', text).correlations.map(({ name }) => name)).toEqual(['Many']);
});

test('append_output adds text and fields, each entry to the rules that it matches', () => {
  const { rules, told, source } = apply(`
append_output:
- match: {tags: [t, Shell]}
  extra_output: "by %proc.name"
- extra_fields: [evt.type, {who: "<%proc.name>"}]
- match: {rule: Other}
  extra_output: "%proc.nmae"
`);
  expect(told).toEqual([
    expect.stringMatching(/^PKT2103 `append_output\[2\]` does not fit rule `Other`: .*proc.nmae/),
  ]);
  expect(rules.map(({ output }) => output)).toEqual(['%proc.name by %proc.name', '%proc.name']);
  const alert = new AlertPrinter(source, () => 1n, 'h').alert(rules[0]!, { name: 'sh' });
  expect(JSON.parse(alertJson(alert, defaultAlertOptions))).toMatchObject({
    output: '00:00:00.000000001: Error sh by sh',
    output_fields: { 'proc.name': 'sh', 'evt.type': 'open', who: '<sh>' },
  });
});

test('static fields stand in conditions and outputs', () => {
  const text = rule('Shell', ' and static.site = north').replace('%proc.name', '%static.site/%proc.name');
  const { rules, source } = apply('static_fields: {site: north}', text);
  const fired = compileRules(rules, source).all({ name: 'sh' });
  expect(fired.map(({ name }) => name)).toEqual(['Shell']);
  expect(new AlertPrinter(source, () => 1n, 'h').alert(rules[0]!, { name: 'sh' }).message).toBe('north/sh');
  expect(plain.fields.has('static.site')).toBe(false);
});

test('bytes are printed as base64, and compared as bytes', () => {
  const { rules, source } = apply(
    '',
    rule('Shell', ' and evt.buffer contains A').replace('%proc.name', '%evt.buffer'),
  );
  expect(compileRules(rules, source).all({ name: 'sh' })).toHaveLength(1);
  const printed = (from: EventSource<Event>) =>
    new AlertPrinter(from, () => 1n, 'h').alert(rules[0]!, { name: '' }).message;
  expect(printed(source)).toBe('..A');
  expect(printed(withBase64Bytes(source))).toBe('AP9B');
  const text =
    '- {correlation: c, desc: d, sequence: {by: [evt.buffer], steps: [{name: a, condition: evt.buffer contains A}, {name: b, condition: evt.type = open, where: evt.buffer = val(a.evt.buffer)}]}, within: 1s, output: "%a.evt.buffer %evt.buffer", priority: INFO}\n';
  const { rules: none, correlations } = apply('', text);
  const options = { timeOf: () => 1n, hostname: 'h', matching: 'first', printing: withBase64Bytes } as const;
  const engine = new RuleEngine({ rules: none, correlations }, source, options);
  expect(engine.take({ name: '' })).toEqual([]);
  expect(engine.take({ name: '' }).map(({ message }) => message)).toEqual(['AP9B AP9B']);
});
