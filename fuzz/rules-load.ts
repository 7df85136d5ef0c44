/**
 * Throws rules files at the loader, and what it accepts at the compiler and an event: node fuzz/rules-load.ts [--seconds N]
 * [--seed S]. Every finding must have a place inside the text.
 */
import fc from 'fast-check';
import { SystemState } from '../src/event/state/system-state.ts';
import { syscallSource } from '../src/event/syscall-source.ts';
import type { SystemEvent } from '../src/event/system-event.ts';
import { fileText } from '../src/manifest/embedded.ts';
import { RuleEngine } from '../src/rules/engine.ts';
import { alertJson, alertText, type RuleAlert } from '../src/rules/format/alert.ts';
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
const field = fc.constantFrom('proc.name', 'fd.name', 'evt.num', 'proc.aname[1]', 'tolower(fd.name)', 'x', 1);
const by = fc.oneof(
  { weight: 8, arbitrary: fc.array(fc.constantFrom('proc.name', 'fd.name'), { maxLength: 2 }) },
  fc.array(field, { maxLength: 2 }),
  fc.dictionary(
    fc.constantFrom('s', 't', 'after', 'condition', 'without'),
    fc.array(field, { maxLength: 2 }),
  ),
  value,
);
const asked = fc.constantFrom(
  'evt.type=open',
  'evt.type in (open, execve)',
  'evt.type=connect',
  'evt.type=open and not proc.name=x',
);
/** Mostly as it must be, so that what is asked of events is reached; each part may be anything. */
const some = <T>(good: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: value });
const pattern = {
  condition: fc.oneof({ weight: 12, arbitrary: asked }, { weight: 1, arbitrary: condition }),
  rule: name,
};
const step = fc.record(
  {
    ...pattern,
    rule: fc.constant(undefined),
    name: some(fc.constantFrom('s', 't')),
    where: fc.constantFrom(
      undefined,
      undefined,
      'proc.name = val(s.proc.name)',
      'fd.name != val(t.fd.name)',
      'x',
    ),
  },
  { requiredKeys: ['name', 'condition'] },
);
const plainHead = fc.record({
  correlation: fc.constantFrom('k', 'l', 'm', 'a'),
  desc: fc.constant('d'),
  within: fc.constantFrom('1s', '5m'),
  cooldown: fc.constantFrom(undefined, '0', '1s'),
  max_keys: fc.constantFrom(undefined, 1, 3),
  output: fc.constantFrom('%correlation.key %proc.name', '%correlation.duration', 'o'),
  priority: fc.constant('INFO'),
});
const anyHead = fc.record(
  {
    correlation: fc.constantFrom('k', 'l', 'm', 'a'),
    desc: name,
    within: some(fc.constantFrom('1s', '5m', '200d', '0s')),
    cooldown: some(fc.constantFrom('0', '1s')),
    max_keys: some(fc.integer({ min: 1, max: 5 })),
    output: fc.constantFrom(
      '%correlation.key %s.fd.name',
      '%proc.name %correlation.count',
      '%t.proc.cmdline',
      '%x',
    ),
    priority: some(fc.constantFrom('INFO')),
    enabled: value,
    exceptions: fc.array(exception, { maxLength: 1 }),
    override: fc.dictionary(
      fc.constantFrom('count', 'within', 'tags', 'exceptions', 'output', 'x'),
      fc.constantFrom('append', 'replace'),
      { maxKeys: 2 },
    ),
  },
  { requiredKeys: ['correlation', 'desc', 'within', 'output', 'priority'] },
);
const correlation = fc
  .record({
    body: fc.oneof(
      fc.record(
        {
          count: some(
            fc.record(
              {
                ...pattern,
                rule: fc.constant(undefined),
                by: some(by),
                distinct: some(fc.constantFrom('fd.name', 'proc.pid')),
                at_least: some(fc.integer({ min: 1, max: 3 })),
              },
              { requiredKeys: ['condition', 'at_least'] },
            ),
          ),
        },
        { requiredKeys: ['count'] },
      ),
      fc.record(
        {
          sequence: some(
            fc.record(
              {
                steps: some(fc.array(step, { minLength: 2, maxLength: 3 })),
                by: some(by),
                without: some(asked),
              },
              { requiredKeys: ['steps'] },
            ),
          ),
        },
        { requiredKeys: ['sequence'] },
      ),
      fc.record(
        {
          absence: some(
            fc.record(
              { condition: pattern.condition, after: some(asked), by: some(by) },
              { requiredKeys: ['condition'] },
            ),
          ),
        },
        { requiredKeys: ['absence'] },
      ),
    ),
    head: fc.oneof({ weight: 4, arbitrary: plainHead }, { weight: 1, arbitrary: anyHead }),
  })
  .map(({ body, head }) => ({ ...head, ...body }));
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
  correlation,
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

const types = [2, 59, 42, 2, 42, 59, 2, 2, 42, 59];
const tally = { correlations: 0, together: 0 };
const sources = new Map([['syscall', syscallSource as never]]);
const state = new SystemState({ userName: () => undefined, groupName: () => undefined });

fuzz(
  fuzzOptions(),
  500,
  (seed) => fc.sample(fc.array(file, { minLength: 1, maxLength: 2 }), { seed, numRuns: 100 }),
  (texts) => {
    const { rules, correlations, findings } = loadRules(
      texts.map((text, index) => fileText(String(index), text)),
      { sources },
    );
    for (const { span, message } of findings) {
      const { length } = texts[Number(span.file)] as string;
      if (span.start.offset > span.end.offset || span.end.offset > length)
        throw new Error(`a place outside the text: ${message}`);
    }
    const engine = new RuleEngine<SystemEvent>({ rules, correlations }, syscallSource, {
      timeOf: ({ raw }) => raw.time,
      hostname: 'host',
      matching: 'all',
    });
    const alerts: RuleAlert[] = [];
    for (const [index, type] of types.entries()) {
      const time = BigInt(index % 5) * 1_000_000_000n;
      const event = state.apply({ type, time, cpu: 0, tid: 7, params: [3, '/etc/passwd', 1] });
      alerts.push(...engine.take(event));
    }
    alerts.push(...engine.tick(1_000_000_000_000n));
    tally.correlations += correlations.length;
    tally.together += alerts.filter(({ fields }) => fields.has('correlation.key')).length;
    for (const alert of alerts) {
      alertText(alert);
      JSON.parse(alertJson(alert));
    }
    if (engine.stateBytes() < 0) throw new Error('less than nothing is remembered');
  },
  JSON.stringify,
);
console.log(`${tally.correlations} correlations were sound and raised ${tally.together} alerts`);
if (tally.together === 0) throw new Error('no correlation was reached');
