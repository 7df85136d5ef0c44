import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { graphOf, root } from './modules.ts';

const listed = [
  ...readFileSync(join(root, 'docs/dependencies.md'), 'utf8').matchAll(/^\| `([^`]+)`\s*\| (.+?)\s*\|$/gm),
].map(([, name, reason]) => ({ name: name!, reason: reason! }));

test('invariant 3: the packages that Picket runs on are the committed list', () => {
  const { packages } = graphOf('src/cli/main.ts');
  expect([...packages].sort()).toEqual(listed.map(({ name }) => name).sort());
});

test('invariant 3: each has a reason', () => {
  for (const { name, reason } of listed) expect(reason.length, name).toBeGreaterThan(15);
});

test('invariant 3: console build tools and analytics engines are not among them', () => {
  const { packages, modules } = graphOf('src/cli/main.ts');
  for (const name of packages)
    expect(name).not.toMatch(/vite|rolldown|preact|duckdb|typescript|biome|playwright/);
  for (const module of modules) expect(module).toMatch(/^src\//);
});
