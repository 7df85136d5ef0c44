import { type BigIntStats, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const isCompressed = /\.(?:gz|bz2|xz|zst|lz4|tmp)$/;
/** A folder of logs has some hundred files; what is beyond this is not looked at. */
const maxEntries = 10_000;

/**
 * Returns paths of files that had the name `path` for so short a time that nobody saw them there: those that lie beside it, are called
 * like it (`audit.log.1`, `audit-2026-01-02T03-04-05.log`), are not known, and were made and last written to no earlier than
 * `before`. Oldest first. Throws when the folder cannot be read.
 */
export function rotatedSince(
  path: string,
  before: BigIntStats,
  isKnown: (stats: BigIntStats) => boolean,
): string[] {
  const [folder, name] = [dirname(path), basename(path)];
  const stem = name.replace(/\.[^.]*$/, '');
  const found: { path: string; stats: BigIntStats }[] = [];
  for (const entry of readdirSync(folder).slice(0, maxEntries)) {
    if (!entry.startsWith(stem) || entry === name || isCompressed.test(entry)) continue;
    const stats = statSync(join(folder, entry), { bigint: true, throwIfNoEntry: false });
    if (stats === undefined || !stats.isFile() || isKnown(stats)) continue;
    // Where the file system does not keep the time of birth it is that of the last renaming: then the time of writing decides.
    // Equal times count: clocks of file systems tick every few milliseconds.
    if (stats.birthtimeNs < before.birthtimeNs || stats.mtimeNs < before.mtimeNs) continue;
    found.push({ path: join(folder, entry), stats });
  }
  return found.sort((a, b) => compare(a.stats, b.stats)).map((one) => one.path);
}

function compare(a: BigIntStats, b: BigIntStats): number {
  const difference = a.birthtimeNs - b.birthtimeNs || a.mtimeNs - b.mtimeNs;
  return difference < 0n ? -1 : Number(difference > 0n);
}
