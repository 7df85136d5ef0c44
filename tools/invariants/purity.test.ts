import { expect, test } from 'vitest';
import { codeOf, importsOf, modulesBelow, pureRooms } from './modules.ts';

/** What a pure module may not name: clocks, randomness, loggers, and the globals of Node. */
const impure: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\b/, 'a clock'],
  [/\bMath\.random\b|\bcrypto\b/, 'randomness'],
  [/\bconsole\b/, 'the console'],
  [/(?<![.\w'"])process\.(?!\w*\s*[:,)])|\bglobalThis\.process\b/, 'the process'],
  [/\bBuffer\b/, 'Buffer'],
  [/\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b/, 'timers'],
  [/\bfetch\(/, 'the network'],
];

/** Of the dependencies, those that run in a browser too. */
const pureLibraries: ReadonlySet<string> = new Set(['zod', 'yaml', 'tldts']);

test.each([...pureRooms])('invariant 1: %s is pure', (room) => {
  const faults: string[] = [];
  for (const module of modulesBelow(`src/${room}`)) {
    for (const { specifier } of importsOf(module)) {
      if (!specifier.startsWith('.') && !pureLibraries.has(specifier))
        faults.push(`${module} imports ${specifier}`);
    }
    const code = codeOf(module).replace(/(['"`])(?:\\.|(?!\1)[^\\])*\1/g, "''");
    for (const [pattern, what] of impure) {
      const hit = pattern.exec(code);
      if (hit) faults.push(`${module} uses ${what}: ${hit[0]}`);
    }
  }
  expect(faults).toEqual([]);
});
