import { readFileSync } from 'node:fs';
import type { RawEvent, ThreadRecord } from '../event/raw-event.ts';
import { Btf } from './bpf/btf.ts';
import { calls } from './bpf/calls.ts';
import { RecordDecoder } from './bpf/decode.ts';
import { processesNow } from './bpf/proc-seed.ts';
import { type Attached, attachPrograms } from './bpf/programs.ts';
import { RingReader } from './bpf/ring.ts';
import { ClockOffset } from './clock-offset.ts';
import type { Probe } from './sensor.ts';

const kernelTypes = '/sys/kernel/btf/vmlinux';
const defaultRingBytes = 8 * 1024 * 1024;

/** Calls that change what later events are about; seldom ones, so that they are always watched. */
const stateTypes = [
  'chdir',
  'fchdir',
  'chroot',
  'setuid',
  'setgid',
  'setresuid',
  'setresgid',
  'setsid',
] as const;

/** Types of events that this sensor gives, whether rules ask for them or not told apart. */
export const bpfTypes: ReadonlySet<string> = new Set([
  ...Object.keys(calls),
  'clone',
  'clone3',
  'fork',
  'vfork',
  'procexit',
]);

export interface BpfOptions {
  /** Types of events that are wanted beside those that it needs itself; others are not made in the kernel at all. */
  readonly types: ReadonlySet<string>;
  /** Bytes of the kernel's ring buffer, a power of 2. */
  readonly ringBytes?: number;
  /** A process whose own calls are left out; 0 for none. */
  readonly muted?: number;
}

/** System calls of the whole machine, from programs in the kernel. It reads when it is asked to; the kernel's buffer is the only queue. */
export class BpfSensor {
  readonly kind = 'bpf';
  /** Processes that were there when it began. */
  readonly processes: readonly ThreadRecord[];
  /** Events read since the start. */
  events = 0;
  readonly #attached: Attached;
  readonly #ring: RingReader;
  readonly #decoder: RecordDecoder;
  readonly #ringBytes: number;
  readonly #clock = new ClockOffset();
  #isClosed = false;

  /** Throws an Error with a message for the user when the machine does not let it. */
  constructor({ types, ringBytes = defaultRingBytes, muted = process.pid }: BpfOptions) {
    this.#ringBytes = ringBytes;
    const btf = new Btf(readFileSync(kernelTypes));
    this.#attached = attachPrograms(btf, new Set([...types, ...stateTypes]), { ringBytes, muted });
    try {
      this.#ring = new RingReader(this.#attached.ring, ringBytes);
    } catch (error) {
      this.#attached.close();
      throw error;
    }
    this.#decoder = new RecordDecoder(this.#ring.bytes, this.#clock.value);
    // After the programs: what starts meanwhile is told by both.
    this.processes = processesNow(this.#decoder.epochOffset);
  }

  /** Gives the events that wait to `take`, at most `most`, in the order in which they happened. Returns how many records it read. */
  read(most: number, take: (event: RawEvent) => void): number {
    this.#decoder.epochOffset = this.#clock.value;
    return this.#ring.read(most, (at, length) => {
      const event = this.#decoder.decode(at, length);
      if (event === undefined) return;
      this.events++;
      take(event);
    });
  }

  /** How full the kernel's buffer is, from 0 to 1. */
  get fill(): number {
    return this.#ring.waiting / this.#ringBytes;
  }

  /** Events that the kernel had no room for, by type, exactly. */
  lost(): ReadonlyMap<string, number> {
    return this.#attached.lost();
  }

  get undecodable(): number {
    return this.#decoder.undecodable;
  }

  /** Takes the programs away. Idempotent. They go with the process in any case: nothing is pinned. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#attached.close();
    this.#ring.close();
  }
}

/** Says whether the sensor works here, by loading its programs, and why not. */
export function probeBpf(): Probe {
  try {
    new BpfSensor({ types: new Set(Object.keys(calls)), ringBytes: 65_536 }).close();
    return {
      state: 'available',
      details: [`${bpfTypes.size} types of system events from programs in the kernel`],
    };
  } catch (error) {
    const { message } = error as Error;
    const help =
      process.getuid?.() === 0
        ? 'it needs Linux 5.8 or newer with BTF (CONFIG_DEBUG_INFO_BTF) on x86-64, and BPF not locked down'
        : 'it needs root';
    return { state: 'unavailable', details: [`${message}: ${help}`] };
  }
}
