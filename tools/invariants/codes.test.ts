import { expect, test } from 'vitest';
import { codes } from '../../src/cli/codes.ts';
import { codeOf, modulesBelow } from './modules.ts';

test('invariant 4: every code that the source names is defined, and every definition is told fully', () => {
  const defined = new Set(codes.all().map(({ code }) => code as string));
  const named = new Set<string>();
  for (const module of modulesBelow('src'))
    for (const [code] of codeOf(module).matchAll(/\bPKT\d{4}\b/g)) named.add(code);
  // Help texts name codes as examples; each of them must exist, too.
  expect([...named].filter((code) => !defined.has(code))).toEqual([]);
  for (const { code, title, doc } of codes.all()) {
    expect(title.length, code).toBeGreaterThan(5);
    expect(doc.length, code).toBeGreaterThan(40);
  }
});

test('invariant 4: diagnostics are made by diagnose() alone', () => {
  const makers = modulesBelow('src').filter(
    (module) =>
      /\bclass:\s*'(schema|provable|product|environment)'/.test(codeOf(module)) &&
      !/CodeDefinition|: (?:Firewall)?Check\b/.test(codeOf(module)),
  );
  expect(makers).toEqual([]);
});
