import { describe, expect, test } from 'vitest';
import { has } from './bitset.ts';
import { Dice } from './generate.oracle.ts';
import { compileSelector, LabelIndex, type Labels, matches, selectorText } from './label-selector.ts';
import { Ternary } from './ternary.ts';

function labels(known: Record<string, string>, undetermined: Labels['undetermined'] = new Set()): Labels {
  return { known: new Map(Object.entries(known)), undetermined };
}

function match(selector: unknown, of: Labels): Ternary | undefined {
  const compiled = compileSelector(selector);
  return compiled && matches(compiled, of);
}

describe('matches', () => {
  const db = labels({ tier: 'db', app: 'shop' });
  const expression = (key: string, operator: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }],
  });

  test.each([
    [{}, Ternary.Yes],
    [{ matchLabels: null, matchExpressions: null }, Ternary.Yes],
    [{ matchLabels: {} }, Ternary.Yes],
    [{ matchLabels: { tier: 'db' } }, Ternary.Yes],
    [{ matchLabels: { tier: 'db', app: 'other' } }, Ternary.No],
    [expression('tier', 'In', 'web', 'db'), Ternary.Yes],
    [expression('missing', 'In', 'web'), Ternary.No],
    [expression('tier', 'NotIn', 'web'), Ternary.Yes],
    [expression('tier', 'NotIn', 'db'), Ternary.No],
    [expression('missing', 'NotIn', 'web'), Ternary.Yes],
    [expression('tier', 'Exists'), Ternary.Yes],
    [expression('missing', 'Exists'), Ternary.No],
    [expression('missing', 'DoesNotExist'), Ternary.Yes],
    [expression('tier', 'DoesNotExist'), Ternary.No],
  ])('%j', (selector, expected) => expect(match(selector, db)).toBe(expected));

  test.each<[unknown, string]>([
    ['text', 'not an object'],
    [{ matchLabels: { tier: 3 } }, 'number as value'],
    [expression('tier', 'In'), 'In without values'],
    [expression('tier', 'Exists', 'db'), 'Exists with values'],
    [expression('tier', 'Equals', 'db'), 'unknown operator'],
  ])('refuses %j: %s', (selector: unknown) => expect(compileSelector(selector)).toBeUndefined());

  test('says Maybe where the label is not known, No where another one decides', () => {
    const hashed = labels({ tier: 'db' }, new Set(['hash']));
    expect(match({ matchLabels: { hash: 'x' } }, hashed)).toBe(Ternary.Maybe);
    expect(match({ matchLabels: { hash: 'x', tier: 'web' } }, hashed)).toBe(Ternary.No);
    expect(match({ matchLabels: { other: 'x' } }, labels({}, 'others'))).toBe(Ternary.Maybe);
  });
});

test('LabelIndex answers as matches does', () => {
  const keys = ['a', 'b', 'c'];
  const dice = new Dice(1);
  for (let round = 0; round < 300; round++) {
    const population = Array.from({ length: 40 }, () =>
      labels(
        Object.fromEntries(dice.some(keys, 3).map((key) => [key, dice.pick(keys)])),
        dice.chance(0.2) ? 'others' : new Set(dice.some(keys, 1)),
      ),
    );
    const selector = compileSelector({
      matchLabels: Object.fromEntries(dice.some(keys, 1).map((key) => [key, dice.pick(keys)])),
      matchExpressions: dice.some(keys, 2).map((key) => {
        const operator = dice.pick(['In', 'NotIn', 'Exists', 'DoesNotExist']);
        return {
          key,
          operator,
          ...(operator.endsWith('In') && { values: [dice.pick(keys), dice.pick(keys)] }),
        };
      }),
    })!;
    const { yes, maybe } = new LabelIndex(population).select(selector);
    for (const [i, one] of population.entries()) {
      const answer = has(yes, i) ? Ternary.Yes : has(maybe, i) ? Ternary.Maybe : Ternary.No;
      expect(answer, selectorText(selector)).toBe(matches(selector, one));
    }
  }
});

test('selectorText writes selectors as kubectl does', () => {
  const selector = compileSelector({
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'env', operator: 'In', values: ['a', 'b'] },
      { key: 'canary', operator: 'DoesNotExist' },
      { key: 'env', operator: 'NotIn', values: ['c'] },
    ],
  });
  expect(selectorText(selector!)).toBe('app=web,env in (a,b),!canary,env notin (c)');
});
