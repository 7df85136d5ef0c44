import { describe, expect, test } from 'vitest';
import { parseCondition } from './parse-condition.ts';
import { renderCondition } from './render-condition.ts';

function rendered(text: string): string {
  const parsed = parseCondition(text);
  return parsed.ok ? renderCondition(parsed.condition) : `${parsed.at.start}: ${parsed.message}`;
}

describe('conditions', () => {
  test.each([
    ['a or b and not c', 'a or b and not c'],
    ['(a or b) and c', '(a or b) and c'],
    ['not not a', 'a'],
    ['not(a)', 'not a'],
    ['a and(b or c)', 'a and (b or c)'],
    ['proc.name=cat', 'proc.name = cat'],
    ['proc.name in(cat,sh)', 'proc.name in (cat, sh)'],
    ['proc.name in (  )', 'proc.name in ()'],
    ['proc.name in cats', 'proc.name in (cats)'],
    ['(container.id exists)', 'container.id exists'],
    ['evt.arg[0] = x', 'evt.arg[0] = x'],
    ['evt.arg["a b"] = x', 'evt.arg["a b"] = x'],
    ['proc.name = [', 'proc.name = ['],
    ['proc.name = "(systemd)"', 'proc.name = "(systemd)"'],
    ['fd.name = a:b/*', 'fd.name = a:b/*'],
    ['proc.pid<=0x1F', 'proc.pid <= 0x1F'],
    ['proc.pid > -1', 'proc.pid > -1'],
    ['proc.name = oneof (a, b)', 'proc.name = oneof (a, b)'],
    ['proc.name = oneof', 'proc.name = oneof'],
    ['proc.name = anyof and a', 'proc.name = anyof and a'],
    ['proc.name startswith allof names', 'proc.name startswith allof (names)'],
    ['tolower(proc.name) = cat', 'tolower(proc.name) = cat'],
    ['proc.name = val(proc.pname)', 'proc.name = val(proc.pname)'],
    ['concat(a.b, "-", (c.d, e)) = x', 'concat(a.b, "-", (c.d, e)) = x'],
    ['getopt(proc.args, "ab:")[b] = 1', 'getopt(proc.args, "ab:")[b] = 1'],
    ["fd.name = 'it is \\'x\\' \\x41\\n'", 'fd.name = "it is \'x\' A\\n"'],
    ['fd.name = "a\\ b"', 'fd.name = "a\\\\ b"'],
  ])('%s', (text, wanted) => expect(rendered(text)).toBe(wanted));
});

describe('faults say where and what was expected', () => {
  test.each([
    ['', '0: the condition is empty'],
    ['  ', '0: the condition is empty'],
    ['a b', '2: expected `and`, `or` or the end, not `b`'],
    ['a and', '5: expected a field, a macro, `not` or `(`, not the end'],
    ['(a or b', '7: expected `)`, `and` or `or`, not the end'],
    ['a)', '1: expected `and`, `or` or the end, not `)`'],
    ['proc.name', '9: expected an operator behind `proc.name`, not the end'],
    ['proc.name = ', '12: expected a value behind `=`'],
    ['proc.pid < x', '11: expected a number behind `<`'],
    ['proc.name in (a b)', '16: expected `,` or `)`, not `b`'],
    ['proc.name = "a', '12: the quoted value does not end'],
    ['proc.name = "\\q"', '13: `\\q` is no escape; a backslash is written `\\\\`'],
    ['evt.arg[a = x', '9: expected `]` behind the argument'],
    ['or a', '0: expected a field, a macro, `not` or `(`, not `or`'],
    [
      'proc.name startwith a',
      '10: expected an operator behind `proc.name`, not `startwith`; did you mean `startswith`?',
    ],
    ['proc.name contains"x"', '10: expected an operator behind `proc.name`, not `contains"x"`'],
  ])('%s', (text, wanted) => expect(rendered(text)).toBe(wanted));
});

test('deep nesting is refused, and quickly', () => {
  const deep = `${'('.repeat(100_000)}a${')'.repeat(100_000)}`;
  const begun = process.threadCpuUsage();
  expect(rendered(deep)).toMatch(/nested deeper than 1000/);
  // Of this thread: other tests run at the same time.
  expect(process.threadCpuUsage(begun).user / 1000).toBeLessThan(500);
});
