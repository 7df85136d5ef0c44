import type { RecordingItem } from '../recording/item.ts';
import type { ScapRecording } from './read-scap.ts';

/** Yields what a capture holds as the items of a recording; `id` is the one that it is to have. */
export function* scapItems(
  { hostname, threads, accounts, events, faults }: ScapRecording,
  id: string,
): Generator<RecordingItem> {
  const time = events[0]?.raw.time ?? 0n;
  yield { kind: 'start', start: { id, segment: 0, hostname, time, writer: 'sysdig or Falco' } };
  for (const fault of faults) yield { kind: 'fault', ...fault };
  for (const account of accounts) yield { kind: 'account', account };
  for (const thread of threads) yield { kind: 'thread', thread };
  for (const { number, raw } of events) yield { kind: 'event', number, raw };
  yield { kind: 'end' };
}
