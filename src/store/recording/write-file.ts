import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { RecordingEncoder } from '../../event/recording/encoder.ts';
import type { RecordingItem } from '../../event/recording/item.ts';
import { pack } from './pack.ts';

/**
 * Writes items into a new file that only its owner may read, whole or not at all. Returns how many events they were. Throws the file
 * system's errors, EEXIST where there is a file already; and what the items throw.
 */
export function writeRecordingFile(path: string, items: Iterable<RecordingItem>): number {
  const file = openSync(path, 'wx', 0o600);
  try {
    const encoder = new RecordingEncoder();
    let [events, isEnded] = [0, true];
    const write = () => {
      const chunk = encoder.take(pack);
      for (let done = 0; chunk !== undefined && done < chunk.bytes.length; )
        done += writeSync(file, chunk.bytes, done);
    };
    for (const item of items) {
      if (item.kind === 'start') {
        if (!isEnded) encoder.end();
        write();
      }
      isEnded = item.kind === 'end';
      if (!put(encoder, item)) encoder.lost('recorder', new Map([[`${item.kind} that is too large`, 1]]));
      else if (item.kind === 'event') events++;
      if (encoder.isFull) write();
    }
    if (!isEnded) encoder.end();
    write();
    fdatasyncSync(file);
    return events;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function put(encoder: RecordingEncoder, item: RecordingItem): boolean {
  switch (item.kind) {
    case 'start':
      return encoder.start(item.start);
    case 'event':
      return encoder.event(item.raw, item.number);
    case 'thread':
      return encoder.thread(item.thread);
    case 'account':
      return encoder.account(item.account);
    case 'container':
      return encoder.container(item.container);
    case 'lost':
      return encoder.lost(item.where, item.counts);
    case 'end':
      return encoder.end();
    case 'fault':
      return true;
  }
}
