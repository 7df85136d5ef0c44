import { describe, expect, test } from 'vitest';
import { fileText } from '../../manifest/embedded.ts';
import { RuleEngine } from '../engine.ts';
import { loadRules } from '../load/load.ts';
import { type SmallEvent, smallSource, smallTypes } from '../small-source.fixture.ts';
import { maxStateBytes } from './key-table.ts';
import { maxBeginnings } from './sequence.ts';

const second = 1_000_000_000n;
const start = 1_700_000_000n * second;

function engineOf(text: string, matching: 'first' | 'all' = 'first') {
  const { rules, correlations, findings } = loadRules([fileText('r.yaml', text)], {
    sources: new Map([['syscall', smallSource as never]]),
  });
  expect(findings.filter(({ code }) => code.severity === 'error')).toEqual([]);
  return new RuleEngine<SmallEvent>({ rules, correlations }, smallSource, {
    timeOf: ({ values }) => values['evt.rawtime'] as bigint,
    hostname: 'h',
    matching,
  });
}

const event = (type: string, at: number, values: SmallEvent['values'] = {}): SmallEvent => ({
  type: smallTypes.indexOf(type),
  values: { ...values, 'evt.rawtime': start + BigInt(Math.round(at * 1e9)) },
});
const item = (body: string, more = '') =>
  `- correlation: c\n  desc: d\n  ${body}\n  within: 10s\n  output: "%proc.name %correlation.key"\n  priority: INFO\n${more}`;
const countBy = (field: string, atLeast: number, more = '') =>
  item(`count: {condition: evt.type = open, by: [${field}], at_least: ${atLeast}}`, more);

describe('with single rules', () => {
  const rule = '- rule: r\n  desc: d\n  condition: evt.type = open\n  output: rule\n  priority: INFO\n';

  test('a rule that is counted need not be the first that holds', () => {
    const second = rule.replace('rule: r', 'rule: s');
    const engine = engineOf(`${rule}${second}${item('count: {rule: s, at_least: 2}')}`);
    const names = [0, 1].map((at) => engine.take(event('open', at)).map(({ rule: { name } }) => name));
    expect(names).toEqual([['r'], ['r', 'c']]);
  });

  test('what was missed is told before what the event is', () => {
    const engine = engineOf(
      `${rule}${item('absence: {after: evt.type = execve, condition: evt.type = close}')}`,
      'all',
    );
    engine.take(event('execve', 0));
    expect(engine.take(event('open', 11)).map(({ rule: { name }, time }) => [name, time - start])).toEqual([
      ['c', 10n * second],
      ['r', 11n * second],
    ]);
  });

  test('types that nobody asks for are not asked', () => {
    const engine = engineOf(
      rule + item('sequence: {steps: [{name: a, rule: r}, {name: b, condition: evt.type = close}]}'),
    );
    expect(smallTypes.filter((_, type) => engine.isAsked(type))).toEqual(['open', 'close']);
    expect(engine.askedOf(0).map(({ name }) => name)).toEqual(['r', 'c']);
    expect(engine.askedOf(4).map(({ name }) => name)).toEqual(['c']);
    for (const type of smallTypes.keys()) engine.prepare(type);
    expect(engine.unseen([0, 4])).toEqual([]);
    expect(engine.unseen([0]).map(({ name }) => name)).toEqual(['c']);
    expect(engine.unseen([4]).map(({ name }) => name)).toEqual(['r', 'c']);
  });
});

test('values of earlier events are copied', () => {
  const engine = engineOf(
    item(
      'sequence: {steps: [{name: one, condition: evt.type = open}, {name: two, condition: evt.type = close}]}',
    ).replace('%proc.name', '%one.evt.buffer %one.proc.args %two.proc.name %one.evt.arg[path]'),
  );
  const [buffer, args] = [new Uint8Array([104, 105]), ['a']];
  engine.take(event('open', 0, { 'evt.buffer': buffer, 'proc.args': args, 'evt.arg[path]': '/x' }));
  buffer.fill(0);
  args[0] = 'b';
  expect(engine.take(event('close', 1, { 'proc.name': 'n' })).map(({ message }) => message)).toEqual([
    'hi (a) n /x ',
  ]);
});

test('a key of integers and texts is compared as text; one that is longer is cut', () => {
  const engine = engineOf(
    item(
      'sequence: {by: {a: [proc.pid], b: [proc.name]}, steps: [{name: a, condition: evt.type = open}, {name: b, condition: evt.type = close}]}',
    ),
  );
  engine.take(event('open', 0, { 'proc.pid': 7 }));
  expect(engine.take(event('close', 1, { 'proc.name': '7' }))).toHaveLength(1);
  expect(engine.take(event('close', 1, {}))).toHaveLength(0);
});

describe('time', () => {
  test('an event from before the one before it counts as of the same time', () => {
    const engine = engineOf(countBy('proc.name', 2));
    engine.take(event('open', 20, { 'proc.name': 'a' }));
    const [alert] = engine.take(event('open', 5, { 'proc.name': 'a' }));
    expect(alert?.time).toBe(start + 20n * second);
  });

  test('a clock that is set back is noticed at a tick, and everything forgotten', () => {
    const engine = engineOf(countBy('proc.name', 2));
    engine.tick(start);
    engine.take(event('open', 1000, { 'proc.name': 'a' }));
    engine.tick(start + 900n * second);
    expect(engine.setBack).toBe(0);
    engine.tick(start + 600n * second);
    expect(engine.setBack).toBe(1);
    expect(engine.take(event('open', 601, { 'proc.name': 'a' }))).toEqual([]);
    expect(engine.take(event('open', 611, { 'proc.name': 'a' }))).toHaveLength(1);
  });

  test('an event that comes exactly in time is in time', () => {
    const engine = engineOf(item('absence: {after: evt.type = open, condition: evt.type = close}'));
    engine.take(event('open', 0));
    expect(engine.tick(start + 10n * second)).toEqual([]);
    expect(engine.take(event('close', 10))).toEqual([]);
    expect(engine.tick(start + 100n * second)).toEqual([]);
    engine.take(event('open', 100));
    expect(engine.tick(start + 110n * second + 1n)).toHaveLength(1);
  });
});

describe('a flood of keys', () => {
  const flood = 10_000;

  test.each([
    ['count', 'count: {condition: evt.type = open, by: [fd.name], at_least: 3}'],
    ['distinct', 'count: {condition: evt.type = open, by: [fd.name], distinct: proc.pid, at_least: 3}'],
    [
      'sequence',
      'sequence: {by: [fd.name], steps: [{name: a, condition: evt.type = open}, {name: b, condition: evt.type = close}]}',
    ],
    ['absence', 'absence: {by: [fd.name], after: evt.type = open, condition: evt.type = close}'],
  ])('%s: the keys longest not seen are forgotten and counted', (_, body) => {
    const engine = engineOf(item(body, '  max_keys: 1000\n'));
    for (let index = 0; index < flood; index++)
      engine.take(event('open', 0, { 'fd.name': `/tmp/${index}`, 'proc.pid': index }));
    expect(engine.evicted()).toEqual(new Map([['c', flood - 1000]]));
    expect(engine.stateBytes()).toBeLessThan(1000 * 500);
  });

  test('what is too old is forgotten without being counted', () => {
    const engine = engineOf(countBy('fd.name', 3, '  max_keys: 1000\n'));
    for (let index = 0; index < flood; index++)
      engine.take(event('open', index, { 'fd.name': `/tmp/${index}` }));
    expect(engine.evicted()).toEqual(new Map());
    expect(engine.stateBytes()).toBeLessThan(20 * 500);
  });

  test('long values do not add up beyond the bound in bytes', () => {
    const engine = engineOf(
      item('count: {condition: evt.type = open, by: [fd.name], distinct: proc.name, at_least: 100}'),
    );
    for (let index = 0; index < 6000; index++) {
      const long = `${index}`.padStart(4000, 'x');
      engine.take(event('open', 0, { 'fd.name': long, 'proc.name': long }));
    }
    expect(engine.stateBytes()).toBeLessThanOrEqual(maxStateBytes);
    expect(engine.evicted().get('c')).toBeGreaterThan(1000);
  });

  test('keys that were told are bounded too', () => {
    const engine = engineOf(countBy('fd.name', 1, '  max_keys: 1000\n'));
    let alerts = 0;
    for (let index = 0; index < flood; index++)
      alerts += engine.take(event('open', 0, { 'fd.name': `/tmp/${index}` })).length;
    expect(alerts).toBe(flood);
    expect(engine.evicted().get('c')).toBe(2 * (flood - 1000));
    expect(engine.stateBytes()).toBeLessThan(2 * 1000 * 300);
  });

  test('beginnings among which a `where` chooses', () => {
    const engine = engineOf(
      item(
        'sequence: {steps: [{name: a, condition: evt.type = open}, {name: b, condition: evt.type = close, where: proc.pid = val(a.proc.pid)}]}',
      ),
    );
    for (let index = 0; index < flood; index++) engine.take(event('open', 0, { 'proc.pid': index }));
    expect(engine.evicted()).toEqual(new Map([['c', flood - maxBeginnings]]));
    expect(engine.take(event('close', 1, { 'proc.pid': flood - maxBeginnings - 1 }))).toEqual([]);
    expect(engine.take(event('close', 1, { 'proc.pid': flood - maxBeginnings }))).toHaveLength(1);
  });
});

test('what is kept silent is counted', () => {
  const engine = engineOf(countBy('proc.name', 1));
  for (const at of [0, 1, 2, 9.9]) engine.take(event('open', at, { 'proc.name': 'a' }));
  expect(engine.suppressed()).toEqual(new Map([['c', 3]]));
  const [alert] = engine.take(event('open', 10, { 'proc.name': 'a' }));
  expect(alert?.fields.get('correlation.suppressed')).toBe('3');
  expect([...(alert?.fields.keys() ?? [])]).toEqual([
    'proc.name',
    'correlation.key',
    'correlation.first_time',
    'correlation.duration',
    'correlation.suppressed',
    'correlation.count',
  ]);
});
