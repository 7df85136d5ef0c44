import type { RawEvent, ThreadRecord } from '../event/raw-event.ts';
import { BpfSensor } from './bpf.ts';
import { TracefsEvents } from './tracefs-events.ts';

/** Sensors of system events: programs in the kernel, or the kernel's trace events with what /proc tells. */
export const eventSensorKinds = ['bpf', 'tracefs'] as const;
export type EventSensorKind = (typeof eventSensorKinds)[number];

/** System events of the whole machine. It reads when it is asked to; the kernel's buffer is the only queue. */
export interface EventSensor {
  readonly kind: EventSensorKind;
  /** Processes that were there when it began. */
  readonly processes: readonly ThreadRecord[];
  /** Events read since the start. */
  readonly events: number;
  /** Records that could not be read as an event. */
  readonly undecodable: number;
  /** How full the kernel's buffer is, from 0 to 1; 0 where the kernel does not tell. */
  readonly fill: number;
  /** Gives the events that wait to `take`, at most about `most`, in the order in which they happened. Returns how many records it read. */
  read(most: number, take: (event: RawEvent) => void): number;
  /** Events that the kernel had no room for, exactly; by type where the kernel tells. */
  lost(): ReadonlyMap<string, number>;
  /** Leaves nothing behind in the kernel. Idempotent. */
  close(): void;
}

export interface EventSensorOptions {
  /** Types of events that are wanted beside those that a sensor needs itself. */
  readonly types: ReadonlySet<string>;
  /** Which one; `auto` takes BPF, and trace events where that does not work. */
  readonly kind?: EventSensorKind | 'auto';
  /** Bytes of BPF's ring buffer, a power of 2. */
  readonly ringBytes?: number;
  /** A process whose own events are left out; 0 for none. */
  readonly muted?: number;
}

export interface OpenedEventSensor {
  readonly sensor: EventSensor;
  /** Why it is not the better one, for who watches; undefined when it is, or was asked for. */
  readonly insteadBecause?: string;
}

/** Opens a sensor of system events. Throws an Error with a message for the user when the machine does not let it. */
export function openEventSensor({ kind = 'auto', ...options }: EventSensorOptions): OpenedEventSensor {
  if (kind === 'tracefs') return { sensor: new TracefsEvents(options) };
  try {
    return { sensor: new BpfSensor(options) };
  } catch (error) {
    if (kind === 'bpf') throw error;
    const { message } = error as Error;
    try {
      return { sensor: new TracefsEvents(options), insteadBecause: message };
    } catch (second) {
      throw new Error(`${message}; and without BPF: ${(second as Error).message}`);
    }
  }
}
