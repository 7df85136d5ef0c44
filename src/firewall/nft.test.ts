import { describe, expect, test } from 'vitest';
import { shownRule } from './model.fixture.ts';
import { cannotAsk } from './network.fixture.ts';
import { askNft } from './nft.fixture.ts';
import { parseNft } from './nft.ts';
import { rules, ruleText, translations } from './nft-rules.fixture.ts';
import type { Ruleset } from './ruleset.ts';

function modelOf({ tables }: Ruleset, table: string, chain: string): string {
  const found = tables.find(({ name }) => name === table)?.chains.get(chain)?.rules ?? [];
  return found.map(shownRule).join('\n');
}

describe('what rules are in the model', () => {
  const { ruleset } = parseNft(ruleText);
  test.each(rules.map(([rule, model], i) => [rule, model, `r${i}`]))('%s', (_rule, model, chain) => {
    expect(modelOf(ruleset, 't', chain)).toBe(model);
  });
  test.each(translations.map(([, rule, model], i) => [rule, model, `n${i}`]))('%s', (_rule, model, chain) => {
    expect(modelOf(ruleset, 'nat', chain)).toBe(model);
  });
  test('nothing is left out', () => {
    expect(ruleset.opaque).toEqual([]);
  });
});

const title = (name: string) => (cannotAsk === undefined ? name : `${name} (skipped: ${cannotAsk})`);

test.skipIf(cannotAsk !== undefined)(title('what nft lists of them is the same in the model'), () => {
  const given = parseNft(ruleText).ruleset;
  const modelsOf = (ruleset: Ruleset) => [
    ...rules.map(([rule], i) => [rule, modelOf(ruleset, 't', `r${i}`)]),
    ...translations.map(([, rule], i) => [rule, modelOf(ruleset, 'nat', `n${i}`)]),
  ];
  const timeless = (models: readonly (readonly string[])[]) =>
    models.map((one) => one.map((line) => line.replace(/(opaque|does) .*?(?= =>|$|;)/g, '$1')));
  for (const options of [[], ['-n'], ['-a'], ['-nn', '-s']]) {
    const listed = askNft(ruleText, ['nft', ...options, 'list', 'ruleset']);
    expect(timeless(modelsOf(parseNft(listed).ruleset))).toEqual(timeless(modelsOf(given)));
  }
});
