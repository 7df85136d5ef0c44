import type { RecordingItem } from '../../event/recording/item.ts';
import { filesOfRecording, newDecoder, readRecordingFile, startOf } from '../../store/recording/read-file.ts';
import { type Recording, systemRecording, type TellProblem } from './recording.ts';

/** Returns Picket's own recording whose newest segment is at `path`, read a piece at a time, with the segments before it. */
export function picketRecording(name: string, path: string, tell: TellProblem): Recording {
  const files = filesOfRecording(path);
  return systemRecording(name, startOf(path)?.hostname, () => segments(files), tell);
}

/** Returns Picket's own recording of bytes that were unpacked into memory. */
export function unpackedRecording(name: string, bytes: Uint8Array, tell: TellProblem): Recording {
  function* items(): Generator<RecordingItem> {
    const decoder = newDecoder();
    yield* decoder.push(bytes);
    yield* decoder.finish();
  }
  const { value: first } = items().next();
  return systemRecording(name, first?.kind === 'start' ? first.start.hostname : undefined, items, tell);
}

function* segments(files: readonly string[]): Generator<RecordingItem> {
  let last: number | undefined;
  for (const path of files) {
    for (const item of readRecordingFile(path)) {
      if (item.kind === 'start') {
        const { segment } = item.start;
        const missing = last === undefined ? 0 : segment - last - 1;
        if (missing > 0) {
          const message = `${missing} segment${missing === 1 ? '' : 's'} before this one missing`;
          yield { kind: 'fault', offset: 0, message };
        }
        last = segment;
      }
      yield item;
    }
  }
}
