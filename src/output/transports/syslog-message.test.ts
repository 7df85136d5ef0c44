import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { defaultAlertOptions } from '../../rules/format/alert.ts';
import { priorities } from '../../rules/rule-set.ts';
import { alert, ruleAlert } from '../alert.fixture.ts';
import { alertRecord } from '../alert-record.ts';
import { severityOf, syslogMessage } from './syslog-message.ts';

test('a message of RFC 5424: user facility, microseconds, no structured data', () => {
  expect(syslogMessage(alert(7), false, 42).toString()).toBe(
    '<12>1 2023-11-14T22:13:20.000000Z edge-1 picket 42 alert - 22:13:20.000000007: Warning shell number 7',
  );
  const [, body] = syslogMessage(alert(7), true, 42).toString().split(' alert - ');
  expect(JSON.parse(body as string)).toMatchObject({ id: '0123456789abcdef-7', rule: 'Shell' });
});

test('severities are those of RFC 5424, which priorities are named by', () => {
  expect(priorities.map((priority) => severityOf({ ...alert(1), priority }))).toEqual([
    0, 1, 2, 3, 4, 5, 6, 7,
  ]);
  const emergency = { ...alert(1), priority: 'Emergency' as const };
  expect(syslogMessage(emergency, false, 1).toString()).toMatch(/^<8>1 /);
});

test.each([
  ['edge one\n', 'edgeone'],
  ['bücher', 'bcher'],
  ['☃', '-'],
  ['x'.repeat(300), 'x'.repeat(255)],
  ['', hostname()],
])('the host %j is printable ASCII', (name, expected) => {
  const record = alertRecord({ ...ruleAlert(1), hostname: name }, defaultAlertOptions, 'a-1');
  expect(syslogMessage(record, false, 1).toString().split(' ')[2]).toBe(expected);
});

test('an alert cannot bring a second line', () => {
  const record = alertRecord({ ...ruleAlert(1), message: 'a\n<0>1 - b' }, defaultAlertOptions, 'a-1');
  for (const isJson of [false, true]) expect(syslogMessage(record, isJson, 1)).not.toContain(10);
});
