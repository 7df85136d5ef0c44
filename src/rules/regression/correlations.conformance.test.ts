import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';
import { fileText } from '../../manifest/embedded.ts';
import { compileRules } from '../compile/compile.ts';
import { RuleEngine } from '../engine.ts';
import { loadRules } from '../load/load.ts';
import { falcoData, listed, regressionCases, regressionPath } from './cases.fixture.ts';
import { visitCapture } from './open-capture.fixture.ts';

/**
 * Correlations of the rules of Falco's regression cases, over their recordings: one that counts to 1 without a silence is told
 * exactly where its rule holds, one that counts to 2 everywhere but at the first, and none changes what single rules tell.
 */
const cases = Object.entries(regressionCases).filter(
  ([, one]) => one.detect === true && one.trace_file?.endsWith('.scap'),
);
test.skipIf(cases.length > 0)(`correlations over recordings: needs ${falcoData}`, () => {});

const sources = new Map([['syscall', syscallSource as never]]);

let total = 0;
afterAll(() => {
  if (cases.length === 0) return;
  console.log(`correlations over ${cases.length} recordings: ${total} alerts`);
  expect(total).toBeGreaterThan(300);
});

test.each(cases)('correlations: %s', (_, { rules_file, trace_file }) => {
  const files = listed(rules_file).map((file) => fileText(file, readFileSync(regressionPath(file), 'utf8')));
  const { rules } = loadRules(files, { sources });
  const items = [1, 2].flatMap((atLeast) =>
    rules.map(({ name }) =>
      JSON.stringify({
        correlation: `${atLeast} of ${name}`,
        desc: 'd',
        count: { rule: name, at_least: atLeast },
        within: '7d',
        cooldown: 0,
        output: '%evt.num',
        priority: 'INFO',
      }),
    ),
  );
  const more = fileText('correlations.yaml', `[${items.join(',\n')}]`);
  const { correlations } = loadRules([...files, more], { sources });
  expect(correlations).toHaveLength(2 * rules.length);
  const enabled = rules.map((rule) => ({ ...rule, enabled: true }));
  const matcher = compileRules(enabled, syscallSource);
  const engine = new RuleEngine<SystemEvent>({ rules: enabled, correlations }, syscallSource, {
    timeOf: ({ raw }) => raw.time,
    hostname: '',
    matching: 'first',
  });
  const seen = new Set<string>();
  visitCapture(regressionPath(trace_file as string), (event) => {
    const held = matcher.all(event).map(({ name }) => name);
    const wanted = [
      ...held.slice(0, 1),
      ...held.map((name) => `1 of ${name}`),
      ...held.filter((name) => seen.has(name)).map((name) => `2 of ${name}`),
    ];
    for (const name of held) seen.add(name);
    const told = engine.take(event).map(({ rule }) => rule.name);
    total += told.length;
    expect(told).toEqual(wanted);
  });
  expect(engine.evicted()).toEqual(new Map());
});
