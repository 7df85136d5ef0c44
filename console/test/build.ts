import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const room = fileURLToPath(new URL('..', import.meta.url));
/** The rooms that the page takes code from. */
const pure = ['flow', 'net', 'diagnostic'].map((name) =>
  fileURLToPath(new URL(`../../src/${name}`, import.meta.url)),
);

/** Builds the page when console/dist is missing or older than anything it is made from. */
export async function ensureBuilt(): Promise<void> {
  const sources = [join(room, 'src'), ...pure].flatMap(filesBelow);
  const newest = Math.max(
    ...[...sources, join(room, 'index.html'), join(room, 'vite.config.ts')].map(changedAt),
  );
  if (changedAt(join(room, 'dist/index.html')) > newest) return;
  await build({ root: room, configFile: join(room, 'vite.config.ts'), logLevel: 'warn' });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
