import { describe, expect, test } from 'vitest';
import { type Judged, judgeByKernel, type Loadable } from './judge.fixture.ts';
import { cannotJudge } from './kernel.fixture.ts';
import { forms, randomRulesThatDecide } from './random-rules.fixture.ts';
import { siteRules } from './site-rules.fixture.ts';

const packets = 1500;
const why = cannotJudge === undefined ? '' : ` (skipped: ${cannotJudge})`;
const random = [1, 2].flatMap((seed) => forms.map((form) => randomRulesThatDecide(form, seed)));

describe.skipIf(cannotJudge !== undefined)(
  `the kernel and the simulation agree on every packet${why}`,
  () => {
    const sums = { packets: 0, unknown: 0, delivered: 0, forwarded: 0, dropped: 0 };
    const states = new Set<string>();
    const add = (judged: Judged) => {
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += judged[key];
      for (const state of judged.states.keys()) states.add(state);
    };
    const agree = async (rules: Loadable, seed: number) => {
      const judged = await judgeByKernel(rules, packets, seed);
      expect(judged.differences.slice(0, 3)).toEqual([]);
      add(judged);
    };

    test.each(siteRules().map((rules, i) => [rules.name, rules, i] as const))('%s', (_name, rules, i) =>
      agree(rules, i + 1),
    );
    test.each(random.map((rules, i) => [rules.name, rules, i] as const))('%s', (_name, rules, i) =>
      agree(rules, i + 50),
    );

    test('nearly nothing is unknown, and everything happens', () => {
      expect(sums.unknown / sums.packets).toBeLessThan(0.01);
      expect(Math.min(sums.delivered, sums.forwarded, sums.dropped)).toBeGreaterThan(sums.packets / 20);
      expect([...states].filter((state) => state !== '').sort()).toEqual([
        'ESTABLISHED',
        'INVALID',
        'NEW',
        'RELATED',
        'UNTRACKED',
      ]);
    });
  },
);
