/**
 * Throws bodies at the reader of Falco's alerts; what it reads must print as JSON and be read again the same:
 * node fuzz/falco-alert.ts [--seconds N] [--seed S].
 */
import fc from 'fast-check';
import { alertJson, alertText, defaultAlertOptions } from '../src/rules/format/alert.ts';
import { readAlerts } from '../src/rules/format/read-alert.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const any = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>;
const maybe = (value: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: any });
const alert = fc.record(
  {
    hostname: maybe(fc.string()),
    output: maybe(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `14:13:20.123456789: Error ${text}`),
      ),
    ),
    message: maybe(fc.string()),
    output_fields: maybe(fc.dictionary(fc.oneof(fc.constant('evt.time'), fc.string()), any)),
    priority: maybe(fc.constantFrom('Error', 'info', 'DEBUG')),
    rule: maybe(fc.string()),
    source: maybe(fc.string()),
    tags: maybe(fc.array(fc.string())),
    time: maybe(
      fc.constantFrom(
        '2026-09-21T14:13:20.123456789Z',
        '0000-01-01T00:00:00.5+23:59',
        '9999-12-31T23:59:59-23:59',
        'x',
      ),
    ),
  },
  { requiredKeys: ['rule', 'priority'] },
);
const cut = (text: string) => fc.nat({ max: text.length }).map((end) => text.slice(0, end));
const body = fc.oneof(
  alert.map((one) => JSON.stringify(one)),
  alert.map((one) => JSON.stringify(one)).chain(cut),
  fc.array(alert, { maxLength: 3 }).map((items) => JSON.stringify(items)),
  fc.array(alert, { maxLength: 3 }).map((items) => items.map((one) => JSON.stringify(one)).join('\n')),
  fc.string({ maxLength: 60 }),
  fc.nat({ max: 5000 }).map((depth) => `${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth)}`),
  any.map((value) => JSON.stringify(value)),
);

fuzz(
  fuzzOptions(),
  300,
  (seed) => fc.sample(body, { seed, numRuns: 200 }),
  (text) => {
    for (const one of readAlerts(text).alerts) {
      alertText(one);
      const line = alertJson(one, defaultAlertOptions);
      const [again] = readAlerts(line).alerts;
      if (again === undefined || alertJson(again) !== line) throw new Error(`read otherwise: ${line}`);
    }
  },
  JSON.stringify,
);
