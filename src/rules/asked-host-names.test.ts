import { expect, test } from 'vitest';
import { askedHostNames } from './asked-host-names.ts';
import { parseCondition } from './syntax/parse-condition.ts';

test.each([
  ['fd.sip.name = api.example', ['api.example']],
  [
    'evt.type = connect and not (fd.sip.name in (a.example, "b.example") or fd.cip.name = c.example)',
    ['a.example', 'b.example', 'c.example'],
  ],
  ['toupper(fd.rip.name) = X', ['X']],
  ['fd.name = d.example and fd.sip = 198.51.100.1 and proc.name exists', []],
  ['fd.sip.name = val(fd.name)', []],
])('%s', (text, names) => {
  const parsed = parseCondition(text);
  if (!parsed.ok) throw new Error(text);
  expect([...askedHostNames([parsed.condition])]).toEqual(names);
});
