import { readSync } from 'node:fs';
import type { RawEvent, ThreadRecord } from '../event/raw-event.ts';
import { processesNow, processNow } from './bpf/proc-seed.ts';
import { ClockOffset } from './clock-offset.ts';
import { type CpuBuffer, Drain } from './tracefs/drain.ts';
import { canDecodeEvent, EventRecordDecoder, eventChoices } from './tracefs/event-records.ts';
import { readLayout } from './tracefs/events.ts';
import type { PageFormat } from './tracefs/format.ts';
import { type CpuFile, sweepInstances, TraceInstance } from './tracefs/instance.ts';
import { openTracefs, type Tracefs } from './tracefs/mount.ts';
import { monotonicMs } from './tracefs/procfs.ts';
import { PageReader } from './tracefs/ring-buffer.ts';

/** A record gets its time stamp a little before readers can see it. Milliseconds. */
const commitSlackMs = 2;

/** Types of events that this sensor gives. */
export const tracefsTypes: ReadonlySet<string> = new Set(['execve', 'clone', 'procexit', 'connect']);

export interface TracefsEventsOptions {
  /** A process whose own events are left out; 0 for none. */
  readonly muted?: number;
  /** Kernel memory for each processor, in KiB. */
  readonly bufferKbPerCpu?: number;
}

/**
 * Starts of programs, new and ended threads, and TCP connections that are opened, from the kernel's own trace events: what can be had
 * where no BPF program may be loaded. The records tell no arguments; those are read from /proc when the record is, and are missing of
 * programs that had ended by then. Whether a connection comes about is not known: its result is `EINPROGRESS`.
 */
export class TracefsEvents {
  readonly kind = 'tracefs';
  readonly processes: readonly ThreadRecord[];
  /** There is a buffer for each processor, and the kernel does not tell. */
  readonly fill = 0;
  events = 0;
  readonly #tracefs: Tracefs;
  readonly #instance: TraceInstance;
  readonly #drain: Drain;
  readonly #decoder: EventRecordDecoder;
  readonly #clock = new ClockOffset();
  #lost = 0;
  #isClosed = false;

  /** Throws an Error with a message for the user when the machine does not let it. */
  constructor({ muted = process.pid, bufferKbPerCpu }: TracefsEventsOptions = {}) {
    this.#tracefs = openTracefs();
    try {
      const { root } = this.#tracefs;
      const layout = readLayout(root, eventChoices, canDecodeEvent);
      sweepInstances(root);
      this.#instance = new TraceInstance(root, layout, { ...(bufferKbPerCpu && { bufferKbPerCpu }) });
      this.#drain = new Drain(this.#instance.cpus.map((cpu) => cpuBuffer(cpu, layout.page)));
      const formats = layout.events.map(({ format }) => format);
      this.#decoder = new EventRecordDecoder(formats, {
        epochOffset: this.#clock.value,
        muted,
        process: (pid) => processNow(pid, this.#clock.value),
      });
      // After the instance: what starts meanwhile is told by both.
      this.processes = processesNow(this.#clock.value);
    } catch (error) {
      this.#tracefs.release();
      throw error;
    }
  }

  read(most: number, take: (event: RawEvent) => void): number {
    let count = 0;
    const decoder = this.#decoder;
    decoder.epochOffset = this.#clock.value;
    this.#drain.pass(monotonicMs() - commitSlackMs, {
      get full() {
        return count >= most;
      },
      decode: (page) => {
        count++;
        const event = decoder.decode(page);
        if (event === undefined) return;
        this.events++;
        take(event);
      },
    });
    return count;
  }

  /** The kernel does not tell of which type. */
  lost(): ReadonlyMap<string, number> {
    if (!this.#isClosed) this.#lost = this.#instance.lost();
    return new Map(this.#lost === 0 ? [] : [['records', this.#lost]]);
  }

  get undecodable(): number {
    return this.#decoder.undecodable + this.#drain.undecodable;
  }

  close(): void {
    if (this.#isClosed) return;
    this.lost();
    this.#isClosed = true;
    this.#instance.remove();
    this.#tracefs.release();
  }
}

function cpuBuffer({ fd }: CpuFile, format: PageFormat): CpuBuffer {
  const page = new PageReader(format);
  return {
    page,
    read() {
      try {
        return readSync(fd, page.bytes, 0, page.bytes.length, null);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
        throw error;
      }
    },
  };
}
