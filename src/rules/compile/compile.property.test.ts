import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress } from '../../net/address.ts';
import type { Condition } from '../ast.ts';
import { checkCondition } from '../load/check-condition.ts';
import type { Rule } from '../rule-set.ts';
import { type SmallEvent, smallSource, smallTypes } from '../small-source.fixture.ts';
import { parseCondition } from '../syntax/parse-condition.ts';
import { renderCondition } from '../syntax/render-condition.ts';
import { compileFilter, compileRules } from './compile.ts';
import { holds } from './evaluate.oracle.ts';

/** Conditions tried; PICKET_CASES=1000000 for a long run. */
const numRuns = Number(process.env.PICKET_CASES ?? 4000);

const words = ['cat', 'sh', 'bash', 'nc', '/etc/passwd', '/etc', '/var/log/x', 'a.b', 'É\u212aS', ''];
const word = fc.constantFrom(...words);
const quoted = word.map((text) => `"${text}"`);
const list = (item: fc.Arbitrary<string>) =>
  fc.array(item, { minLength: 1, maxLength: 4 }).map((items) => `(${items.join(', ')})`);
const patterns = fc.constantFrom('"*"', '"/etc/*"', '"?h"', '"*a*"', '"c?t"', '"*.*"');
const regexes = fc.constantFrom(
  '"ca.*"',
  '"(cat|sh)"',
  '"[a-z]+"',
  '"/etc/.*"',
  '".*"',
  '"a?b{0,2}.*"',
  '"\\\\w+"',
);

const textField = fc.constantFrom(
  'proc.name',
  'proc.pname',
  'fd.name',
  'proc.aname[1]',
  'evt.arg[path]',
  'tolower(proc.name)',
  'basename(fd.name)',
  'concat(proc.name, fd.name)',
);
const textCheck = fc.oneof(
  fc
    .tuple(textField, fc.constantFrom('=', '!=', 'contains', 'icontains', 'startswith', 'endswith'), quoted)
    .map((parts) => parts.join(' ')),
  fc
    .tuple(
      textField,
      fc.constantFrom('in', 'pmatch', '= oneof', 'startswith anyof', 'contains allof'),
      list(quoted),
    )
    .map((parts) => parts.join(' ')),
  fc.tuple(textField, fc.constantFrom('glob', 'iglob'), patterns).map((parts) => parts.join(' ')),
  fc.tuple(textField, regexes).map(([field, pattern]) => `${field} regex ${pattern}`),
  fc
    .tuple(
      textField,
      fc.constantFrom('=', '!=', 'startswith'),
      fc.constantFrom('val(proc.pname)', 'toupper(proc.name)'),
    )
    .map((parts) => parts.join(' ')),
  textField.map((field) => `${field} exists`),
);
const numberCheck = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('proc.pid', 'len(proc.name)', 'len(proc.args)', 'evt.rawtime'),
      fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
      fc.constantFrom('0', '1', '3', '0x10', '9007199254740993'),
    )
    .map((parts) => parts.join(' ')),
  list(fc.constantFrom('1', '3', '16')).map((items) => `proc.pid in ${items}`),
  fc
    .tuple(fc.constantFrom('=', '!='), fc.constantFrom('22', '80', '443'))
    .map((parts) => `fd.port ${parts.join(' ')}`),
  fc.constantFrom(
    'fd.port >= 80',
    'fd.port in (22, 80)',
    'evt.is_open_write = true',
    'evt.is_open_write != true',
    'proc.args in (a, b)',
    'proc.args intersects (b, c)',
    'proc.args exists',
  ),
);
const addressCheck = fc
  .tuple(
    fc.constantFrom('fd.ip', 'fd.cip'),
    fc.constantFrom('=', '!='),
    fc.constantFrom('198.51.100.7', '"2001:db8::1"'),
  )
  .map((parts) => parts.join(' '));
const netCheck = fc.constantFrom(
  'fd.cnet = "198.51.100.0/24"',
  'fd.cnet in ("198.51.100.0/24", "2001:db8::/32")',
  'fd.cnet != "203.0.113.0/24"',
  'fd.ip in (198.51.100.7, 203.0.113.9)',
);
const typeCheck = fc.oneof(
  fc
    .tuple(fc.constantFrom('=', '!='), fc.constantFrom(...smallTypes))
    .map((parts) => `evt.type ${parts.join(' ')}`),
  list(fc.constantFrom(...smallTypes)).map((items) => `evt.type in ${items}`),
);

const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(textCheck, numberCheck, addressCheck, netCheck, typeCheck),
    fc
      .tuple(tie('condition'), fc.constantFrom(' and ', ' or '), tie('condition'))
      .map((parts) => `(${parts.join('')})`),
    tie('condition').map((inner) => `not (${inner})`),
  ),
}));

const addresses = ['198.51.100.7', '203.0.113.9', '2001:db8::1'].map((text) => parseAddress(text)!);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });
const event: fc.Arbitrary<SmallEvent> = fc.record({
  type: fc.nat(smallTypes.length - 1),
  values: fc.record({
    'proc.name': maybe(word),
    'proc.pname': maybe(word),
    'fd.name': maybe(word),
    'proc.aname[1]': maybe(word),
    'evt.arg[path]': maybe(word),
    'proc.pid': maybe(fc.constantFrom(0, 1, 3, 16, -1)),
    'evt.rawtime': maybe(fc.constantFrom(0n, 3n, 9007199254740993n)),
    'evt.is_open_write': maybe(fc.boolean()),
    'fd.port': maybe(fc.array(fc.constantFrom(22, 80, 443), { minLength: 1, maxLength: 2 })),
    'fd.ip': maybe(fc.array(fc.constantFrom(...addresses), { minLength: 1, maxLength: 2 })),
    'fd.cip': maybe(fc.constantFrom(...addresses)),
    'fd.cnet': maybe(fc.constantFrom(...addresses)),
    'proc.args': maybe(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })),
  }),
});

function parsed(text: string): Condition {
  const found = parseCondition(text);
  if (!found.ok) throw new Error(`${text}: ${found.message}`);
  const faults = [...checkCondition(found.condition, smallSource as never)].filter(
    ({ code }) => code.severity === 'error',
  );
  if (faults.length > 0) throw new Error(`${text}: ${faults[0]?.message}`);
  return found.condition;
}

function ruleOf(text: string, index: number): Rule {
  return {
    name: `r${index}`,
    description: '',
    source: 'syscall',
    condition: parsed(text),
    output: '',
    priority: 'Notice',
    tags: [],
    enabled: true,
    warnEventTypes: true,
  };
}

test('a compiled condition says what a plain walk says', () => {
  const tally = { yes: 0, no: 0 };
  fc.assert(
    fc.property(condition, fc.array(event, { minLength: 4, maxLength: 8 }), (text, events) => {
      const tree = parsed(text);
      const filter = compileFilter(tree, smallSource);
      for (const one of events) {
        const wanted = holds(tree, one);
        tally[wanted ? 'yes' : 'no']++;
        expect(filter(one)).toBe(wanted);
      }
    }),
    { numRuns, seed: 1 },
  );
  expect(Math.min(tally.yes, tally.no)).toBeGreaterThan(numRuns / 4);
});

test('rules together say what each says alone, in order', () => {
  fc.assert(
    fc.property(
      fc.array(condition, { minLength: 2, maxLength: 6 }),
      fc.array(event, { minLength: 4, maxLength: 8 }),
      (texts, events) => {
        const rules = texts.map(ruleOf);
        const matcher = compileRules(rules, smallSource);
        for (const one of events) {
          const wanted = rules.filter((rule) => holds(rule.condition, one));
          expect(matcher.all(one)).toEqual(wanted);
          expect(matcher.first(one)).toBe(wanted[0]);
          for (const rule of wanted) expect(matcher.rulesFor(one.type)).toContain(rule);
        }
      },
    ),
    { numRuns: numRuns / 4, seed: 2 },
  );
});

test('what is rendered is parsed to the same', () => {
  fc.assert(
    fc.property(condition, (text) => {
      const once = renderCondition(parsed(text));
      expect(renderCondition(parsed(once))).toBe(once);
      expect(withoutPlaces(parsed(once))).toEqual(withoutPlaces(parsed(text)));
    }),
    { numRuns: numRuns / 4, seed: 3 },
  );
});

function withoutPlaces(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner) => (key === 'at' || key === 'quoted' ? undefined : inner)),
  );
}
