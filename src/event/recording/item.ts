import type { RawEvent, ThreadRecord } from '../raw-event.ts';
import type { RecordedAccount } from '../scap/lists.ts';
import type { ContainerRecord } from '../state/container.ts';

/** How a recording, or one of its segments, begins. */
export interface RecordingStart {
  /** The same in all segments of one recording, and in no other recording. */
  readonly id: string;
  /** Number of the segment, from 0. */
  readonly segment: number;
  readonly hostname: string | undefined;
  /** When it began, in nanoseconds since the epoch. */
  readonly time: bigint;
  /** What wrote it, e.g. `picket 0.2.0`. */
  readonly writer: string;
}

/** Where events were lost: before they came to the recorder (the kernel had no room), or on the way to the disk. */
export type LostWhere = 'before' | 'recorder';

/**
 * What a recording consists of, in its order. Threads, accounts and containers hold from their place on: those before the first
 * event are what was there when the recording began.
 */
export type RecordingItem =
  | { readonly kind: 'start'; readonly start: RecordingStart }
  | { readonly kind: 'thread'; readonly thread: ThreadRecord }
  | { readonly kind: 'account'; readonly account: RecordedAccount }
  | { readonly kind: 'container'; readonly container: ContainerRecord }
  /** `number` is that of the event among all that were seen (`evt.num`). */
  | { readonly kind: 'event'; readonly number: number; readonly raw: RawEvent }
  /** Events that were there and are not in the recording, by the name of their type. */
  | { readonly kind: 'lost'; readonly where: LostWhere; readonly counts: ReadonlyMap<string, number> }
  /** The recorder was stopped, or went on to the next segment, by intent. */
  | { readonly kind: 'end' }
  /** What could not be read, and where; events may be missing here. */
  | { readonly kind: 'fault'; readonly offset: number; readonly message: string };
