import { existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { checkpoint, openDatabase, saysCorrupt } from '../../database.ts';
import { FlowMover } from '../mover.ts';
import { SegmentList } from '../segment-list.ts';
import { WriteTurn } from '../write-turn.ts';
import type { MoveJob, MoveResult, MoveSetup } from './messages.ts';

const port = parentPort!;
const { path, mergedRows, turn: shared } = workerData as MoveSetup;
const turn = new WriteTurn(shared);

function alone<T>(write: () => T): T {
  if (!turn.take()) throw new Error('the store is closed');
  try {
    return write();
  } finally {
    turn.give();
  }
}

/** The database is opened for each piece of work anew: another may be in its place. */
function perform(job: MoveJob): MoveResult {
  // Opening would make a new one.
  if (!existsSync(path)) return { type: 'done', moved: 0, folded: 0 };
  const database = openDatabase(path, false);
  try {
    const mover = new FlowMover(database, new SegmentList(database, path), { mergedRows, alone });
    const moved = job.type === 'seal' ? mover.seal(job.rows) : 0;
    const tidied = job.type === 'tidy' ? { tidied: mover.tidy() } : {};
    checkpoint(database);
    // The little that came meanwhile: a log of which all is in the database begins anew.
    alone(() => checkpoint(database));
    return { type: 'done', moved, folded: mover.folded, ...tidied };
  } finally {
    database.close();
  }
}

port.on('message', (job: MoveJob) => {
  let result: MoveResult;
  try {
    result = perform(job);
  } catch (error) {
    result = {
      type: 'failed',
      message: error instanceof Error ? error.message : String(error),
      corrupt: saysCorrupt(error),
    };
  }
  port.postMessage(result);
});
