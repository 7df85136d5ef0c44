import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { flowRecords } from '../record.ts';
import { rowAt } from './columns.ts';
import { openSegment } from './segment.ts';
import { fileOfSegment, fileOfSums, resolutions, type SegmentList } from './segment-list.ts';
import { saysUnreadable } from './unreadable.ts';

/** Files that could not be read are kept beside the others, at most so many. */
const keptDamaged = 3;

/**
 * Brings files and list together when a store is opened, before anything else writes. Takes files into the list that are not in it: of a
 * database that was started afresh. What a killed process wrote whose rows are still in the table goes, and what is no segment is moved
 * aside. Throws what SQLite and the file system throw.
 */
export function adoptFiles(database: DatabaseSync, list: SegmentList): void {
  if (!existsSync(list.folder)) return;
  deleteReplaced(list);
  const listed = new Map(list.segments().map((segment) => [segment.id, segment]));
  const listedSums = new Set(
    resolutions.flatMap((resolution) => list.sums(resolution).map(({ id }) => fileOfSums(resolution, id))),
  );
  const here = new Set<number>();
  for (const name of byNumber(list.folder).reverse()) {
    // Sums can be made again of flows, and not the other way round: only those of the list count.
    const unlisted = /\.(?:minutes|hours)$/.test(name) && !listedSums.has(name);
    if (name.endsWith('.tmp') || unlisted) rmSync(list.path(name), { force: true });
    const [, number] = /^(\d{1,15})\.flows$/.exec(name) ?? [];
    if (number === undefined) continue;
    const id = Number(number);
    here.add(id);
    // The newest first: one that others were merged into comes before them.
    if (!listed.has(id)) adoptOne(database, list, id);
  }
  for (const segment of listed.values()) if (!here.has(segment.id)) list.dropSegment(segment);
  const damaged = byNumber(list.folder).filter((name) => name.endsWith('.damaged'));
  for (const name of damaged.slice(0, -keptDamaged)) rmSync(list.path(name), { force: true });
}

/** Deletes the files that others took the place of. */
export function deleteReplaced(list: SegmentList): void {
  const names = list.replaced();
  for (const name of names) rmSync(list.path(name), { force: true });
  if (names.length > 0) list.forgetReplaced();
}

/** The names in a folder, by the number that they begin with. */
function byNumber(folder: string): string[] {
  return readdirSync(folder).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

function adoptOne(database: DatabaseSync, list: SegmentList, id: number): void {
  const path = list.path(fileOfSegment(id));
  try {
    const segment = openSegment(path);
    try {
      const { header, columns } = segment;
      const { row, value } = rowAt(columns, 0);
      const still = database.prepare('SELECT row FROM flows WHERE id = ?').get(flowRecords.key(value));
      const elsewhere = (still !== undefined && Number(still.row) === row) || isListed(list, row);
      if (elsewhere) rmSync(path, { force: true });
      else list.addSegment({ id, ...header, bytes: statSync(path).size });
    } finally {
      segment.close();
    }
  } catch (error) {
    if (!saysUnreadable(error)) throw error;
    renameSync(path, `${path}.damaged`);
  }
}

/** Tells whether a row is in a segment of the list. */
function isListed(list: SegmentList, row: number): boolean {
  return list
    .segments()
    .filter(({ minRow, maxRow }) => minRow <= row && row <= maxRow)
    .some(({ id }) => {
      try {
        const segment = openSegment(list.path(fileOfSegment(id)));
        try {
          return segment.columns.numbers('row').includes(row);
        } finally {
          segment.close();
        }
      } catch (error) {
        if (!saysUnreadable(error)) throw error;
        return false;
      }
    });
}
