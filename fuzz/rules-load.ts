/**
 * Throws rules files at the loader, and what it accepts at the compiler and an event: node fuzz/rules-load.ts [--seconds N]
 * [--seed S]. Every finding must have a place inside the text.
 */
import fc from 'fast-check';
import { SystemState } from '../src/event/state/system-state.ts';
import { syscallSource } from '../src/event/syscall-source.ts';
import { fileText } from '../src/manifest/embedded.ts';
import { compileRules } from '../src/rules/compile/compile.ts';
import { AlertPrinter, alertJson, alertText } from '../src/rules/format/alert.ts';
import { loadRules } from '../src/rules/load/load.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const name = fc.constantFrom('a', 'b', 'c', 'x y', '', 'constructor', '__proto__');
const condition = fc.oneof(
  fc.constantFrom(
    'evt.type=open',
    'proc.name in (a, b)',
    'a',
    'b and not c',
    'evt.type in (a)',
    'fd.name startswith /etc',
    'and c',
    'proc.cmdline contains b',
    'x',
  ),
  fc.string({ maxLength: 12 }),
);
const value = fc.oneof(
  name,
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(name, { maxLength: 3 }),
  fc.dictionary(name, name, { maxKeys: 2 }),
);
const override = fc.dictionary(
  fc.constantFrom('condition', 'items', 'tags', 'exceptions', 'output', 'x'),
  fc.constantFrom('append', 'replace', 'x'),
  { maxKeys: 2 },
);
const exception = fc.record(
  {
    name,
    fields: fc.oneof(name, fc.array(fc.constantFrom('proc.name', 'fd.name', 'x'), { maxLength: 2 })),
    comps: fc.oneof(fc.constantFrom('in', '='), fc.array(fc.constantFrom('=', 'in', 'x'), { maxLength: 2 })),
    values: fc.oneof(value, fc.array(fc.array(value, { maxLength: 2 }), { maxLength: 2 })),
  },
  { requiredKeys: [] },
);
const item = fc.oneof(
  fc.record(
    { list: name, items: fc.oneof(value, fc.array(name, { maxLength: 4 })), append: fc.boolean(), override },
    { requiredKeys: ['list'] },
  ),
  fc.record({ macro: name, condition, append: fc.boolean(), override }, { requiredKeys: ['macro'] }),
  fc.record(
    {
      rule: name,
      condition,
      desc: name,
      output: fc.oneof(
        fc.constantFrom('%proc.name', '%evt.args %x', '*%fd.name'),
        fc.string({ maxLength: 8 }),
      ),
      priority: fc.constantFrom('info', 'WARNING', 'x'),
      tags: value,
      source: fc.constantFrom('syscall', 'x'),
      enabled: value,
      exceptions: fc.array(exception, { maxLength: 2 }),
      override,
      append: fc.boolean(),
      'skip-if-unknown-filter': fc.boolean(),
    },
    { requiredKeys: ['rule', 'condition', 'desc', 'output', 'priority'] },
  ),
  fc.record({ required_engine_version: value }),
  fc.record({
    required_plugin_versions: fc.oneof(
      value,
      fc.array(fc.record({ name, version: name, alternatives: value }, { requiredKeys: [] }), {
        maxLength: 2,
      }),
    ),
  }),
  value,
);
const file = fc.oneof(
  { weight: 9, arbitrary: fc.array(item, { maxLength: 12 }).map((items) => JSON.stringify(items, null, 1)) },
  { weight: 1, arbitrary: fc.string({ maxLength: 60 }) },
);

const sources = new Map([['syscall', syscallSource as never]]);
const state = new SystemState({ userName: () => undefined, groupName: () => undefined });
const printer = new AlertPrinter(syscallSource, ({ raw }) => raw.time, 'host');

fuzz(
  fuzzOptions(),
  500,
  (seed) => fc.sample(fc.array(file, { minLength: 1, maxLength: 2 }), { seed, numRuns: 100 }),
  (texts) => {
    const { rules, findings } = loadRules(
      texts.map((text, index) => fileText(String(index), text)),
      { sources },
    );
    for (const { span, message } of findings) {
      const { length } = texts[Number(span.file)] as string;
      if (span.start.offset > span.end.offset || span.end.offset > length)
        throw new Error(`a place outside the text: ${message}`);
    }
    const matcher = compileRules(rules, syscallSource);
    for (const type of [2, 59, 42]) {
      const event = state.apply({ type, time: 1n, cpu: 0, tid: 7, params: [3, '/etc/passwd', 1] });
      for (const rule of matcher.all(event)) {
        const alert = printer.alert(rule, event);
        alertText(alert);
        JSON.parse(alertJson(alert));
      }
    }
  },
  JSON.stringify,
);
