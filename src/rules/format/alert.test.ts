import { expect, test } from 'vitest';
import type { Rule } from '../rule-set.ts';
import { type SmallEvent, smallSource } from '../small-source.fixture.ts';
import { AlertPrinter, alertJson, alertText, defaultAlertOptions } from './alert.ts';

const rule = (output: string): Rule => ({
  name: 'r',
  description: 'd',
  source: 'syscall',
  condition: { kind: 'macro', name: 'x', at: { start: 0, end: 0 } },
  output,
  priority: 'Informational',
  tags: ['b', 'a'],
  enabled: true,
  warnEventTypes: true,
});
const event: SmallEvent = {
  type: 0,
  values: {
    'proc.name': 'c\u001bat',
    'proc.pid': 7,
    'evt.is_open_write': true,
    'proc.args': ['a', 'b'],
    'evt.buffer': new Uint8Array([65, 0, 66]),
    'evt.rawtime': 9007199254740993n,
  },
};
const printer = new AlertPrinter<SmallEvent>(smallSource, () => 1_790_000_000_123_456_789n, 'edge-1');
const alert = (output: string) => printer.alert(rule(output), event);

test.each([
  ['%proc.pid %evt.is_open_write', '7 true'],
  ['%fd.name!', '<NA>!'],
  ['%5proc.pid|', '7    |'],
  ['%proc.args %evt.buffer %evt.rawtime', '(a,b) A.B 9007199254740993'],
  ['%toupper(proc.cmdline) 100%%', '<NA> 100%'],
])('%s', (output, wanted) => expect(alert(output).message).toBe(wanted));

test('as a line; what steers a terminal is shown', () => {
  expect(alertText(alert('by %proc.name'))).toBe('14:13:20.123456789: Informational by c\\u001bat');
  expect(alertText(alert('x'), { ...defaultAlertOptions, isoTime: true })).toBe(
    '2026-09-21T14:13:20.123456789+0000: Informational x',
  );
});

test('as JSON, keys in order, numbers of any size as they are', () => {
  expect(alertJson(alert('%proc.pid %evt.rawtime %fd.name %evt.is_open_write'))).toBe(
    '{"hostname":"edge-1","output":"14:13:20.123456789: Informational 7 9007199254740993 <NA> true",' +
      '"output_fields":{"evt.is_open_write":true,"evt.rawtime":9007199254740993,"evt.time":1790000000123456789,"fd.name":null,"proc.pid":7},' +
      '"priority":"Informational","rule":"r","source":"syscall","tags":["a","b"],"time":"2026-09-21T14:13:20.123456789Z"}',
  );
});

test('as text it stays one line, and tells a terminal nothing', () => {
  // CSI as one character, which some terminals take too; a line separator; an override of the direction.
  const name = 'a\u009b31mb\u2028c\u202ed\u2066é😀';
  const told = printer.alert(rule('by %proc.name'), { type: 0, values: { 'proc.name': name } });
  expect(alertText(told)).toBe('14:13:20.123456789: Informational by a\\u009b31mb\\u2028c\\u202ed\\u2066é😀');
});

test('parts of the JSON may be left out', () => {
  const options = {
    ...defaultAlertOptions,
    jsonIncludeOutput: false,
    jsonIncludeOutputFields: false,
    jsonIncludeTags: false,
    jsonIncludeMessage: true,
  };
  expect(Object.keys(JSON.parse(alertJson(alert('x'), options)))).toEqual([
    'hostname',
    'message',
    'priority',
    'rule',
    'source',
    'time',
  ]);
});
