import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Rooms whose modules touch nothing outside themselves. */
export const pureRooms = [
  'net',
  'diagnostic',
  'manifest',
  'flow',
  'event',
  'segmentation',
  'firewall',
  'wireguard',
  'rules',
  'product',
  'posture',
  'detect',
  'incident',
  'respond',
] as const;

/** What a module imports. */
export interface Import {
  readonly specifier: string;
  /** `import type`, erased before it runs. */
  readonly typeOnly: boolean;
}

/** Product modules below `folder` (no tests, oracles or fixtures), as paths relative to the root, sorted. */
export function modulesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .filter((entry) => !/\.(test|oracle|fixture|conformance)\.ts$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** Source text without comments and without the contents of template literals and strings that hold spaces. */
export function codeOf(module: string): string {
  return readFileSync(join(root, module), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|[^:'"`])\/\/.*$/gm, '$1');
}

/** Every import of `module`: static, re-exported, dynamic with a literal, and workers started by `new URL(…)`. */
export function importsOf(module: string): Import[] {
  const code = codeOf(module);
  const found: Import[] = [];
  for (const [, type, specifier] of code.matchAll(
    /^\s*(?:import|export)\s+(type\s)?[^'"`;]*?\bfrom\s+['"]([^'"]+)['"]/gm,
  )) {
    found.push({ specifier: specifier!, typeOnly: type !== undefined });
  }
  for (const [, specifier] of code.matchAll(/^\s*import\s+['"]([^'"]+)['"]/gm))
    found.push({ specifier: specifier!, typeOnly: false });
  for (const [, specifier] of code.matchAll(/(?<!typeof )\bimport\(\s*['"]([^'"]+)['"]\s*\)(?!\.\w+)/g)) {
    found.push({ specifier: specifier!, typeOnly: false });
  }
  for (const [, specifier] of code.matchAll(/new URL\(\s*['"](\.[^'"]+\.ts)['"]/g))
    found.push({ specifier: specifier!, typeOnly: false });
  return found;
}

/** Path relative to the root of what a relative specifier in `module` names. */
export function target(module: string, specifier: string): string {
  return relative(root, resolve(root, dirname(module), specifier));
}

/** The room of a module under src/, e.g. `net`. */
export function roomOf(module: string): string {
  return module.split('/')[1] ?? '';
}

/** npm package name of a bare specifier, e.g. `@hono/node-server` of `@hono/node-server/serve`. */
export function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}

/** Everything that runs when `entry` does: its modules, and the npm packages they import, with all of theirs. */
export function graphOf(entry: string): {
  readonly modules: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
} {
  const modules = new Set<string>();
  const packages = new Set<string>();
  const pending = [entry];
  for (let module = pending.pop(); module !== undefined; module = pending.pop()) {
    if (modules.has(module)) continue;
    modules.add(module);
    for (const { specifier, typeOnly } of importsOf(module)) {
      if (typeOnly || specifier.startsWith('node:')) continue;
      if (specifier.startsWith('.')) {
        const found = target(module, specifier);
        if (found.endsWith('.ts')) pending.push(found);
      } else addPackage(packageOf(specifier), packages);
    }
  }
  return { modules, packages };
}

function addPackage(name: string, packages: Set<string>): void {
  if (packages.has(name)) return;
  packages.add(name);
  const path = join(root, 'node_modules', name, 'package.json');
  if (!existsSync(path)) throw new Error(`${name} is imported but not installed`);
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { dependencies?: Record<string, string> };
  for (const dependency of Object.keys(manifest.dependencies ?? {})) addPackage(dependency, packages);
}
