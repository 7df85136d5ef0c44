import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { recordings } from './recorded.fixture.ts';

/** A test over recordings; skipped, with the reason in its title, where one is absent. */
export function recorded(title: string, files: readonly string[], run: () => void): void {
  const missing = files.find((name) => !existsSync(join(recordings, name)));
  const why = missing === undefined ? '' : ` (skipped: ${missing} is not under ${recordings})`;
  test.skipIf(missing !== undefined)(`${title}${why}`, run);
}
