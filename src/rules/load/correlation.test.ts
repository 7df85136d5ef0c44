import { describe, expect, test } from 'vitest';
import { fileText } from '../../manifest/embedded.ts';
import { smallSource } from '../small-source.fixture.ts';
import { renderCondition } from '../syntax/render-condition.ts';
import { loadRules } from './load.ts';

const sources = new Map([
  ['syscall', smallSource as never],
  ['k8s_audit', { ...smallSource, id: 'k8s_audit' } as never],
]);

/** Findings as `CODE: message [text under the span]`. */
function load(text: string) {
  const { correlations, findings } = loadRules([fileText('r.yaml', text)], { sources });
  const told = findings.map(
    ({ code, message, span }) =>
      `${code.code}: ${message} [${text.slice(span.start.offset, span.end.offset)}]`,
  );
  return { correlations, told };
}

const item = (body: string, more = 'within: 60s') =>
  `- correlation: c\n  desc: d\n  ${body}\n  ${more}\n  output: o %proc.name\n  priority: WARNING\n`;
const count = (more: string) => item(`count: {condition: evt.type = open, ${more}}`);
const rule = '- rule: r\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n';
const steps = (second: string, more = '') =>
  item(`sequence: {steps: [{name: a, condition: evt.type = open}, {name: b, ${second}}]${more}}`);

test('everything of a count', () => {
  const { correlations, told } = load(`
- list: names
  items: [a, b]
- macro: opened
  condition: (evt.type = open and proc.name in (names))
- correlation: many
  desc: " d "
  source: k8s_audit
  count:
    condition: opened
    by: [proc.name, "proc.aname[1]", tolower(fd.name)]
    distinct: fd.port
    at_least: 5
  within: 500ms
  cooldown: 1h
  max_keys: 7
  output: o %correlation.count %correlation.key %correlation.first_time %correlation.duration %correlation.suppressed
  priority: info
  tags: [t]
  enabled: false
  exceptions:
  - name: known
    fields: [proc.name]
    comps: [=]
    values: [[x]]
`);
  expect(told).toEqual([]);
  const [{ asks, ...rest } = {} as never] = correlations;
  expect(rest).toMatchObject({
    name: 'many',
    description: 'd',
    source: 'k8s_audit',
    within: 5e8,
    cooldown: 3600e9,
    maxKeys: 7,
    priority: 'Informational',
    tags: ['t'],
    enabled: false,
  });
  expect(asks).toMatchObject({ kind: 'count', atLeast: 5, distinct: { name: 'fd.port' } });
  if (asks.kind === 'count') {
    expect(renderCondition(asks.events.condition)).toBe(
      '(evt.type = open and proc.name in (a, b)) and not proc.name = x',
    );
    expect(asks.events.by).toHaveLength(3);
  }
});

test('the condition of a rule, whatever stands before it', () => {
  const { correlations, told } = load(item('count: {rule: r, at_least: 2}') + rule);
  expect(told).toEqual([]);
  expect(correlations[0]?.asks).toMatchObject({ events: { condition: { left: { name: 'evt.type' } } } });
  expect(correlations[0]).toMatchObject({ cooldown: 60e9, maxKeys: 10_000 });
});

test('later items change one', () => {
  const { correlations, told } = load(
    `${count('at_least: 3')}- correlation: c
  tags: [x]
  within: 2m
  count: {rule: r, at_least: 4}
  output: and %proc.pid
  enabled: false
  override: {tags: append, within: replace, count: replace, output: append, enabled: replace}
${rule}`,
  );
  expect(told).toEqual([]);
  expect(correlations[0]).toMatchObject({
    within: 120e9,
    cooldown: 120e9,
    tags: ['x'],
    output: 'o %proc.name and %proc.pid',
    enabled: false,
    asks: { atLeast: 4 },
  });
});

describe('what is wrong is told where it stands', () => {
  test.each([
    [
      'no number',
      count('by: [proc.name]'),
      ['PKT2006: `at_least` is a whole number from 1 to 10000 [count]'],
    ],
    ['too many', count('at_least: 10001'), ['PKT2006: `at_least` is a whole number from 1 to 10000 [10001]']],
    [
      'a field that is none',
      count('at_least: 2, by: [proc.nmae, proc.name, 1]'),
      [
        'PKT2003: filter_check called with nonexistent field proc.nmae [proc.nmae]',
        'PKT2006: `1` is no field [1]',
      ],
    ],
    ['a key that is misspelt', count('at_least: 2, bye: [proc.name]'), ["PKT2024: Unknown key 'bye' [bye]"]],
    [
      'a condition',
      item('count: {condition: evt.type = open and nothing, at_least: 2}'),
      ["PKT2005: Undefined macro 'nothing' used in filter. [nothing]"],
    ],
    [
      'two things',
      item('count: {}\n  absence: {}'),
      ['PKT2006: A correlation asks exactly one thing: `count`, `sequence` or `absence` [absence]'],
    ],
    [
      'nothing',
      '- correlation: c\n  within: 1s\n  desc: d\n  output: o\n  priority: INFO\n',
      ['PKT2006: A correlation asks exactly one thing: `count`, `sequence` or `absence` [c]'],
    ],
    ['a text', item('count: open'), ['PKT2006: `count` is an object [open]']],
    [
      'a rule that is not there, and one that is faulty',
      item('sequence: {steps: [{name: a, rule: R}, {name: b, rule: s}]}') +
        rule +
        rule.replace('rule: r', 'rule: s').replace('evt.type', 'evt.typ'),
      [
        'PKT2006: no rule is called `R` [R]',
        'PKT2006: the rule `s` is left out for its own errors [s]',
        'PKT2003: filter_check called with nonexistent field evt.typ [evt.typ]',
      ],
    ],
    [
      'a rule of another source',
      item('count: {rule: r, at_least: 2}', 'within: 1s\n  source: k8s_audit') + rule,
      ['PKT2006: the rule `r` is for events of source syscall [r]'],
    ],
    [
      'the name of a rule',
      count('at_least: 2').replace('correlation: c', 'correlation: r') + rule,
      ['PKT2006: a rule has the same name [r]'],
    ],
    [
      'times',
      item('count: {condition: evt.type = open, at_least: 2}', 'within: 1y\n  max_keys: 0'),
      [
        'PKT2006: `within` is a duration of at most 100 days [1y]',
        'PKT2006: `max_keys` is a whole number from 1 to 1000000 [0]',
      ],
    ],
    [
      'a long time',
      item('count: {condition: evt.type = open, at_least: 2}', 'within: 30d'),
      ['PKT2018: what is remembered is lost at a restart: so long a time is seldom seen whole [30d]'],
    ],
    [
      'an output',
      count('at_least: 2').replace('%proc.name', '%first.proc.name'),
      [
        'PKT2004: invalid formatting token first.proc.name: filter_check called with nonexistent field first.proc.name [%first.proc.name]',
      ],
    ],
    [
      'the count of a sequence',
      steps('condition: evt.type = close').replace('%proc.name', '%correlation.count'),
      [
        'PKT2004: invalid formatting token correlation.count: filter_check called with nonexistent field correlation.count [%correlation.count]',
      ],
    ],
    [
      'a later step',
      steps('condition: evt.type = close, where: fd.name = val(c.fd.name)'),
      ['PKT2003: filter_check called with nonexistent field c.fd.name [c.fd.name]'],
    ],
    [
      'one step',
      item('sequence: {steps: [{name: a, condition: evt.type = open}]}'),
      ['PKT2006: `steps` is a list of 2 to 16 steps [[{name: a, condition: evt.type = open}]]'],
    ],
    [
      'names of steps',
      item(
        'sequence: {steps: [{name: proc, rule: r}, {name: a b, rule: r}, {name: x, rule: r}, {name: x, rule: r}, {name: without, rule: r}]}',
      ) + rule,
      [
        'PKT2006: `proc` is no name for a step: fields begin with it [proc]',
        'PKT2006: `a b` is no name for a step: letters, digits and `_`, a letter first [a b]',
        'PKT2006: two steps are called `x` [x]',
        'PKT2006: `without` is no name for a step: letters, digits and `_`, a letter first [without]',
      ],
    ],
    [
      'keys for some steps only',
      steps('condition: evt.type = close', ', by: {a: [fd.name]}'),
      ['PKT2006: `by` has no list of fields for `b` [by]'],
    ],
    [
      'keys of different lengths',
      steps('condition: evt.type = close', ', by: {a: [fd.name], b: [fd.name, proc.name]}'),
      [
        'PKT2006: `by` has a different number of fields for each: they could never be equal [{a: [fd.name], b: [fd.name, proc.name]}]',
      ],
    ],
    [
      'a condition over everything',
      steps('condition: proc.name = a'),
      [
        'PKT2012: Condition matches too many evt.type values. This has a significant performance penalty. [proc.name = a]',
      ],
    ],
    [
      'a change of nothing',
      '- correlation: c\n  tags: [x]\n  override: {tags: append}\n',
      ["PKT2005: Correlation has 'override' key but no correlation by that name already exists [override]"],
    ],
  ])('%s', (_, text, wanted) => {
    const { told, correlations } = load(text);
    expect(told).toEqual(wanted);
    const isFaulty = wanted.some((one) => !/^PKT20(?:12|18|24)/.test(one));
    expect(correlations).toHaveLength(isFaulty ? 0 : 1);
  });
});
