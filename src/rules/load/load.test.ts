import { describe, expect, test } from 'vitest';
import { fileText } from '../../manifest/embedded.ts';
import { smallSource } from '../small-source.fixture.ts';
import { renderCondition } from '../syntax/render-condition.ts';
import { loadRules } from './load.ts';

const sources = new Map([['syscall', smallSource as never]]);

/** Findings as `CODE item: message [text under the span]`. */
function load(...texts: string[]) {
  const files = texts.map((text, index) => fileText(`${index}.yaml`, text));
  const { rules, findings } = loadRules(files, { sources });
  const told = findings.map(({ code, message, context, span }) => {
    const text = texts[Number(span.file.replace('.yaml', ''))] as string;
    return `${code.falco} ${context.at(-1)?.name}: ${message} [${text.slice(span.start.offset, span.end.offset)}]`;
  });
  const conditions = Object.fromEntries(
    rules.map(({ name, condition }) => [name, renderCondition(condition)]),
  );
  return { rules, told, conditions };
}

const rule = (condition: string, more = '', name = 'r') =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: o %proc.name\n  priority: WARNING\n${more}`;
const used = (name: string) => rule(`evt.type = open and ${name}`, '', `uses ${name}`);

describe('lists are put into conditions as text', () => {
  test.each([
    [
      'one',
      '- list: cats\n  items: [cat, "a b", \'c,d\']\n',
      'proc.name in (cats)',
      'proc.name in (cat, "a b", "c,d")',
    ],
    ['among others', '- list: cats\n  items: [cat]\n', 'proc.name in (cats, sh)', 'proc.name in (cat, sh)'],
    ['an empty one', '- list: none\n  items: []\n', 'proc.name in (a, none, b)', 'proc.name in (a, b)'],
    ['an empty one first', '- list: none\n  items: []\n', 'proc.name in (none, b)', 'proc.name in (b)'],
    [
      'an earlier one in another',
      '- list: a\n  items: [x]\n- list: b\n  items: [a, y]\n',
      'proc.name in (b)',
      'proc.name in (x, y)',
    ],
    [
      'a later one in another',
      '- list: b\n  items: [a, y]\n- list: a\n  items: [x]\n',
      'proc.name in (b)',
      'proc.name in (x, y)',
    ],
    [
      'appended',
      '- list: a\n  items: [x]\n- list: a\n  items: [y]\n  override: {items: append}\n',
      'proc.name in (a)',
      'proc.name in (x, y)',
    ],
    [
      'replaced',
      '- list: a\n  items: [x]\n- list: a\n  items: [y]\n',
      'proc.name in (a)',
      'proc.name in (y)',
    ],
    ['numbers', '- list: ports\n  items: [80, 443]\n', 'fd.port in (ports)', 'fd.port in (80, 443)'],
  ])('%s', (_, lists, condition, wanted) => {
    const { conditions, told } = load(lists + rule(`evt.type = open and ${condition}`));
    expect(conditions.r).toBe(`evt.type = open and ${wanted}`);
    expect(told).toEqual([]);
  });

  test('that grow without end are refused', () => {
    const lists = Array.from(
      { length: 30 },
      (_, n) => `- list: l${n}\n  items: [${Array(20).fill(`l${n + 1}`)}]\n`,
    ).join('');
    const begun = process.threadCpuUsage();
    const { told } = load(
      `${lists}- list: l30\n  items: [x]\n${rule('evt.type = open and proc.name in (l0)')}`,
    );
    expect(told.join()).toContain('grows too long when its lists are put in');
    // Of this thread: other tests run at the same time.
    expect(process.threadCpuUsage(begun).user / 1000).toBeLessThan(2000);
  });
});

describe('macros', () => {
  test('a macro sees those defined before it, a rule all', () => {
    const { conditions, told } = load(
      `- macro: late\n  condition: proc.name = a\n- macro: m\n  condition: late or proc.name = b\n${used('m')}`,
    );
    expect(conditions['uses m']).toBe('evt.type = open and (proc.name = a or proc.name = b)');
    expect(told).toEqual([]);
  });

  test('a redefined one sees what came before its last definition', () => {
    const { conditions } = load(
      `- macro: m\n  condition: proc.name = a\n- macro: n\n  condition: proc.name = b\n- macro: m\n  condition: n\n${used('m')}`,
    );
    expect(conditions['uses m']).toBe('evt.type = open and proc.name = b');
  });

  test.each([
    [
      '- macro: m\n  condition: n\n- macro: n\n  condition: proc.name = a\n',
      "LOAD_ERR_VALIDATE m: Undefined macro 'n' used in filter. [n]",
    ],
    [
      '- macro: m\n  condition: proc.name = a\n- macro: n\n  condition: m\n- macro: m\n  condition: n\n',
      "LOAD_ERR_VALIDATE n: reference loop in macro 'm' [m]",
    ],
  ])('%s', (macros, wanted) => expect(load(macros + used('m')).told).toContain(wanted));
});

describe('changes of earlier items', () => {
  const base = rule('evt.type = open');
  test.each([
    [
      'a condition is appended',
      '- rule: r\n  condition: and proc.name = cat\n  override: {condition: append}\n',
      'evt.type = open and proc.name = cat',
    ],
    [
      'a condition is replaced',
      '- rule: r\n  condition: evt.type = close\n  override: {condition: replace}\n',
      'evt.type = close',
    ],
    [
      'the old way',
      '- rule: r\n  condition: and proc.name = cat\n  append: true\n',
      'evt.type = open and proc.name = cat',
    ],
    ['a whole new rule', rule('evt.type = execve'), 'evt.type = execve'],
  ])('%s', (_, change, wanted) => expect(load(base, change).conditions.r).toBe(wanted));

  test('tags, priority and more', () => {
    const change =
      '- rule: r\n  tags: [x]\n  priority: info\n  enabled: false\n  output: of %proc.name\n  override: {tags: append, priority: replace, enabled: replace, output: append}\n';
    const [changed] = load(base, change).rules;
    expect(changed).toMatchObject({
      tags: ['x'],
      priority: 'Informational',
      enabled: false,
      output: 'o %proc.name of %proc.name',
    });
  });

  test('only enabled', () => {
    const { rules, told } = load(base, '- rule: r\n  enabled: false\n');
    expect(rules[0]?.enabled).toBe(false);
    expect(told.join()).toContain('LOAD_DEPRECATED_ITEM');
  });

  test.each([
    [
      '- rule: x\n  condition: and a\n  append: true\n',
      "LOAD_ERR_VALIDATE x: Rule has 'append' key but no rule by that name already exists [append]",
    ],
    [
      '- rule: r\n  condition: a\n  override: {condition: after}\n',
      "LOAD_ERR_VALIDATE r: Key 'condition' cannot be overridden as `after`: it is `append` or `replace` [override]",
    ],
    [
      '- rule: r\n  priority: info\n  override: {priority: append}\n',
      "LOAD_ERR_VALIDATE r: Key 'priority' cannot be appended to, use one of: condition, output, desc, tags, exceptions [override]",
    ],
    [
      '- rule: r\n  override: {condition: append}\n',
      "LOAD_ERR_VALIDATE r: An append override for 'condition' was specified but 'condition' is not defined [override]",
    ],
    [
      '- rule: r\n  desc: d\n  condition: a\n  override: {condition: append}\n',
      "LOAD_ERR_VALIDATE r: Unexpected key 'desc': no corresponding entry under 'override' is defined [desc]",
    ],
    [
      '- rule: r\n  append: true\n',
      'LOAD_ERR_VALIDATE r: Appended rule must have exceptions or condition property [r]',
    ],
  ])('%s', (change, wanted) => expect(load(base, change).told).toContain(wanted));
});

describe('exceptions', () => {
  const withException = (text: string) =>
    rule('evt.type = open', `  exceptions:\n${text.replace(/^/gm, '    ')}\n`);
  test.each([
    [
      '- {name: e, fields: [proc.name, fd.name], values: [[a, b], [c, d]]}',
      'not (proc.name = a and fd.name = b or proc.name = c and fd.name = d)',
    ],
    [
      '- {name: e, fields: [proc.name, fd.name], comps: [in, startswith], values: [[[a, b], /etc]]}',
      'not (proc.name in (a, b) and fd.name startswith /etc)',
    ],
    ['- {name: e, fields: proc.name, values: [a, "b c"]}', 'not proc.name in (a, "b c")'],
    ['- {name: e, fields: fd.name, comps: pmatch, values: [/etc]}', 'not fd.name pmatch (/etc)'],
    ['- {name: e, fields: [proc.name], comps: [in], values: [["(cats)"]]}', 'not proc.name in (cats)'],
  ])('%s', (exception, wanted) =>
    expect(load(withException(exception)).conditions.r).toBe(`evt.type = open and ${wanted}`),
  );

  test('without values it changes nothing; values may come later', () => {
    const first = withException('- {name: e, fields: [proc.name]}');
    expect(load(first).conditions.r).toBe('evt.type = open');
    const later = '- rule: r\n  exceptions: [{name: e, values: [[a]]}]\n  override: {exceptions: append}\n';
    expect(load(first, later).conditions.r).toBe('evt.type = open and not proc.name = a');
  });

  test.each([
    [
      '- {name: e, fields: [no.such]}',
      "LOAD_ERR_VALIDATE e: 'no.such' is not a supported filter field [no.such]",
    ],
    [
      '- {name: e, fields: [proc.name], comps: [=, =], values: [[a]]}',
      'LOAD_ERR_VALIDATE e: Fields and comps lists must have equal length [e]',
    ],
    [
      '- {name: e, fields: [proc.name], values: [[a, b]]}',
      'LOAD_ERR_VALIDATE e: Exception values list must have the same length as fields [[a, b]]',
    ],
    [
      '- {name: e, fields: [proc.name], comps: [like], values: [[a]]}',
      "LOAD_ERR_VALIDATE e: 'like' is not a supported comparison operator [like]",
    ],
    [
      '- {name: e, fields: proc.name, comps: =, values: [a]}',
      'LOAD_ERR_VALIDATE e: Rule exception with a single field must have the comparison operator in, pmatch or intersects [e]',
    ],
    [
      '- {fields: [proc.name]}',
      "LOAD_ERR_YAML_VALIDATE : Item has no mapping for key 'name' [{fields: [proc.name]}]",
    ],
    ['- {name: e}', "LOAD_ERR_YAML_VALIDATE e: Item has no mapping for key 'fields' [e]"],
    [
      '- {name: e, fields: [proc.name]}\n- {name: e, fields: [fd.name]}',
      "LOAD_EXCEPTION_NAME_NOT_UNIQUE e: Multiple definitions of exception 'e' in the same rule [e]",
    ],
  ])('%s', (exception, wanted) => expect(load(withException(exception)).told).toContain(wanted));
});

describe('every problem has its code and its place', () => {
  const open = 'evt.type = open and ';
  test.each([
    ['- list: [', /^LOAD_ERR_YAML_PARSE : /],
    ['text', /^LOAD_ERR_YAML_VALIDATE : Rules content is not yaml \[/],
    ['a: 1', /Rules content is not yaml array of objects/],
    ['- a', /^LOAD_ERR_YAML_VALIDATE : Unexpected element type\. .* \[a\]$/],
    ['- ruel: 1', /^LOAD_UNKNOWN_ITEM : Unknown top level item: `ruel`; did you mean `rule`\? \[ruel\]$/],
    ['- what: 1', /^LOAD_UNKNOWN_ITEM : Unknown top level item: `what` \[what\]$/],
    ['- rule: r\n  condition: a', /^LOAD_ERR_YAML_VALIDATE r: Item has no mapping for key 'output' \[r\]$/],
    [
      rule(`${open}proc.name = a`).replace('WARNING', 'HIGH'),
      /^LOAD_ERR_YAML_VALIDATE r: Invalid priority \[HIGH\]$/,
    ],
    [
      rule(`${open}proc.name = a`, '  colour: red\n'),
      /^LOAD_UNKNOWN_KEY r: Unknown key 'colour' \[colour\]$/,
    ],
    [
      rule(`${open}proc.nmae = a`),
      /^LOAD_ERR_COMPILE_CONDITION r: filter_check called with nonexistent field proc\.nmae \[proc\.nmae\]$/,
    ],
    [
      rule(`${open}proc.nmae = a`, '  skip-if-unknown-filter: true\n'),
      /^LOAD_UNKNOWN_FILTER r: .*proc\.nmae \[proc\.nmae\]$/,
    ],
    [rule(`${open}proc.pid contains 1`), /'contains' operator not supported for type integer of 'proc\.pid'/],
    [rule(`${open}proc.args = a`), /'=' operator not supported for list field 'proc\.args'/],
    [rule(`${open}proc.pid = x`), /`x` is no integer, as 'proc\.pid' is \[x\]$/],
    [rule(`${open}fd.cip = x`), /`x` is no address/],
    [rule(`${open}proc.name regex "(a"`), /invalid regular expression: a `\(` without its `\)`/],
    [rule(`${open}evt.arg = x`), /filter field 'evt\.arg' requires an argument/],
    [rule(`${open}proc.name[1] = x`), /filter field 'proc\.name' does not take an argument/],
    [rule(`${open}proc.aname[x] = x`), /takes a number as argument/],
    [rule(`${open}proc.name = val(proc.pid)`), /of different types \(string, integer\)/],
    [rule(`${open}proc.name = val(fd.ip)`), /cannot stand on the right side/],
    [rule('evt.type = opne'), /unknown event type opne \[opne\]$/],
    [
      rule(`${open}proc.name = a`).replace('%proc.name', '%proc.nmae'),
      /^LOAD_ERR_COMPILE_OUTPUT r: invalid formatting token proc\.nmae: .* \[%proc\.nmae\]$/,
    ],
    [rule('proc.name = a'), /^LOAD_NO_EVTTYPE r: Rule matches too many/],
    [rule(`${open}evt.dir = <`), /^LOAD_DEPRECATED_ITEM r: field 'evt\.dir' is deprecated \[evt\.dir\]$/],
    [
      rule(`${open}proc.name = proc.pname`),
      /^LOAD_COMPILE_CONDITION r: 'proc\.pname' may be a valid field .* \[proc\.pname\]$/,
    ],
    [
      rule(`${open}proc.name regex "cat.*"`),
      /^LOAD_COMPILE_CONDITION r: the regular expression says what `startswith` says/,
    ],
    [
      rule(`${open}proc.name = a`, '  source: nowhere\n'),
      /^LOAD_UNKNOWN_SOURCE r: Unknown source nowhere, skipping \[nowhere\]$/,
    ],
    ['- macro: m\n  condition: proc.name = a', /^LOAD_UNUSED_MACRO m: .* \[m\]$/],
    ['- list: l\n  items: [a]', /^LOAD_UNUSED_LIST l: .* \[l\]$/],
    ['- macro: m-m\n  condition: proc.name = a', /^LOAD_INVALID_MACRO_NAME m-m: /],
    ['- list: l-l\n  items: [a]', /^LOAD_INVALID_LIST_NAME l-l: /],
    [
      '- required_engine_version: 99',
      /^LOAD_ERR_VALIDATE : Rules require engine version 99, but engine version is 0\.63\.0 \[99\]$/,
    ],
    ['- required_engine_version: x', /^LOAD_ERR_YAML_VALIDATE : Can't decode YAML scalar value \[x\]$/],
    [
      '- required_plugin_versions: [{name: nothing, version: 1.0.0}]',
      /Rules require plugin nothing 1\.0\.0, which is not there/,
    ],
  ])('%s', (text, wanted) =>
    expect(
      load(text).told.find((one) => wanted.test(one)),
      load(text).told.join('\n'),
    ).toBeDefined(),
  );

  test('a place behind a list is the name of the list', () => {
    const { told } = load(`- list: types\n  items: [opne]\n${rule('evt.type in (types) and proc.nmae = a')}`);
    expect(told).toEqual([
      'LOAD_ERR_COMPILE_CONDITION r: unknown event type opne [types]',
      'LOAD_ERR_COMPILE_CONDITION r: filter_check called with nonexistent field proc.nmae [proc.nmae]',
    ]);
  });

  test('a folded condition keeps its places', () => {
    const { told } = load(
      '- rule: r\n  desc: d\n  condition: >\n    evt.type = open\n    and proc.nmae = a\n  output: o\n  priority: INFO\n',
    );
    expect(told.join()).toContain('[proc.nmae]');
  });
});

test('required versions that are met say nothing', () => {
  const text =
    '- required_engine_version: 0.57.0\n- required_engine_version: 15\n- required_plugin_versions: [{name: container, version: 0.4.0}, {name: x, version: 1.0.0, alternatives: [{name: json, version: 0.1.0}]}]\n';
  expect(load(text).told).toEqual([]);
});

test('several documents and null items are taken', () => {
  expect(
    load(`---\n- list: a\n  items: [x]\n-\n---\n${rule('evt.type = open and proc.name in (a)')}`).told,
  ).toEqual([]);
});

test('a key that is near a known one is told with it', () => {
  const { findings } = loadRules([fileText('0.yaml', rule('evt.type = open', '  tag: [a]\n'))], { sources });
  expect(findings.map(({ help }) => help)).toContain('write `tags`');
});
