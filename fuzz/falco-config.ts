/**
 * Throws configurations at the reader of falco.yaml, with included files, overrides and variables: node fuzz/falco-config.ts
 * [--seconds N] [--seed S]. Every diagnostic must have a place inside its text, and no option may touch a prototype.
 */
import fc from 'fast-check';
import { syscallSource } from '../src/event/syscall-source.ts';
import { fileText } from '../src/manifest/embedded.ts';
import { loadRules } from '../src/rules/load/load.ts';
import { applySettings } from '../src/rules/settings/apply-settings.ts';
import { isSettings } from '../src/rules/settings/is-settings.ts';
import { readSettings } from '../src/rules/settings/read-settings.ts';
import { falcoYaml, type Shape } from '../src/rules/settings/schema.ts';
import { withStaticFields } from '../src/rules/settings/settings-source.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

function namesOf(shape: Shape): string[] {
  if (shape.kind === 'list') return namesOf(shape.item);
  if (shape.kind !== 'map') return [];
  return [...shape.keys].flatMap(([name, key]) => [name, ...namesOf(key.shape)]);
}
const names = fc.constantFrom(
  ...new Set(namesOf(falcoYaml)),
  'outputz',
  '__proto__',
  'constructor',
  '',
  'strategy',
  'path',
  'enabled',
);
const scalar = fc.oneof(
  fc.constantFrom<unknown>(
    true,
    'true',
    null,
    'x.yaml',
    'y.yaml',
    'Shell',
    '*',
    '[',
    `\${A}`,
    `$\${A}\${B}`,
    'http://a',
    'udp://[::1]:1',
    'unix:///x',
    'replay',
    'info',
    '%proc.name',
    'append',
  ),
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 10 }),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(names, tie('tree'), { maxKeys: 6 }),
  ),
}));
const file = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.dictionary(names, tree, { maxKeys: 12 }).map((value) => JSON.stringify(value, null, 1)),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 60 }) },
);
const option = fc.oneof(
  fc
    .tuple(names, fc.constantFrom('=', '.enabled=', '[0]=', '[].x=', '[', '\\', '.__proto__.x='), scalar)
    .map((parts) => parts.join('')),
  fc.string({ maxLength: 20 }),
);
const rules = '- {rule: Shell, desc: d, condition: evt.type = open, output: a, priority: INFO, tags: [t]}';

fuzz(
  fuzzOptions(),
  500,
  (seed) => fc.sample(fc.tuple(file, file, fc.array(option, { maxLength: 3 })), { seed, numRuns: 100 }),
  ([main, extra, overrides]) => {
    const texts: Readonly<Record<string, string>> = { 'falco.yaml': main, 'x.yaml': extra };
    const { settings, diagnostics } = readSettings(fileText('falco.yaml', main), {
      variable: (name) => (name === 'A' ? 'true' : undefined),
      include: (path) => (path === 'x.yaml' ? [fileText(path, extra)] : undefined),
      overrides,
    });
    for (const { span, message } of diagnostics) {
      if (span === undefined) continue;
      const { length } = texts[span.file] as string;
      if (span.start.offset > span.end.offset || span.end.offset > length)
        throw new Error(`a place outside the text: ${message}`);
    }
    if ('x' in {} || 'enabled' in {}) throw new Error('a prototype was touched');
    if (isSettings(fileText('rules.yaml', rules))) throw new Error('rules are taken for a configuration');
    isSettings(fileText('falco.yaml', main));
    const sources = new Map([['syscall', withStaticFields(syscallSource, settings.staticFields) as never]]);
    const loaded = loadRules([fileText('rules.yaml', rules)], { sources });
    applySettings(loaded, settings, sources);
  },
  JSON.stringify,
);
