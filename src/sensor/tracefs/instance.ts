import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { KernelLayout } from './events.ts';
import { startOf } from './procfs.ts';

/** How the ring buffer is set up. */
export interface InstanceOptions {
  /** Kernel memory for each CPU, in KiB. The default is 4096, less where that were over 1/64 of all memory. */
  readonly bufferKbPerCpu?: number;
}

/** The ring buffer of one CPU, opened for non-blocking reads. */
export interface CpuFile {
  readonly cpu: number;
  readonly fd: number;
}

const namePattern = /^picket-(\d+)-(\d+)-[\d.]+$/;
const defaultBufferKb = 4096;
const smallestBufferKb = 64;

/** What the sensor has no use for: each costs time per record or lets others write into the buffer. */
const optionsOff = [
  'record-cmd',
  'record-tgid',
  'irq-info',
  'markers',
  'trace_printk_dest',
  'copy_trace_marker',
];

let created = 0;

function bufferKb(cpus: number): number {
  return Math.max(256, Math.min(defaultBufferKb, Math.floor(totalmem() / 64 / 1024 / cpus)));
}

/** Writes a setting that not every kernel has. */
function trySetting(path: string, value: string): void {
  try {
    writeFileSync(path, value);
  } catch {
    // Absent in this kernel: its default stays.
  }
}

/** Sleeps without giving way to other work: for the way out, where nothing else runs any more. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/**
 * Removes the instances of Picket processes that are gone (killed, or the machine's power was cut while they ran).
 * Returns their names. One that is still in use cannot be removed: the kernel refuses.
 */
export function sweepInstances(root: string): string[] {
  const swept: string[] = [];
  const parent = join(root, 'instances');
  for (const name of readdirSync(parent)) {
    const owner = namePattern.exec(name);
    if (!owner || startOf(Number(owner[1])) === Number(owner[2])) continue;
    try {
      rmdirSync(join(parent, name));
      swept.push(name);
    } catch {
      // In use by a process of another PID namespace.
    }
  }
  return swept;
}

/**
 * An own tracing instance (Documentation/trace/ftrace.rst, "Instances"): its own ring buffers and events, so that
 * nothing is shared with other users of tracefs. It goes at `remove`, and at the latest when the process exits.
 *
 * The buffers are in overwrite mode: when the reader is too slow the oldest records go, so that what is read is
 * always the present, and the kernel counts each lost record in per_cpu/cpuN/stats (`overrun`).
 */
export class TraceInstance {
  readonly path: string;
  readonly cpus: readonly CpuFile[];
  #removed = false;
  readonly #onExit = (): void => this.remove();

  /** Creates the instance and starts recording. Throws when the kernel refuses; nothing is left behind then. */
  constructor(root: string, layout: KernelLayout, options: InstanceOptions = {}) {
    this.path = join(root, 'instances', `picket-${process.pid}-${startOf('self')}-${threadId}.${++created}`);
    const cpus: CpuFile[] = [];
    this.cpus = cpus;
    mkdirSync(this.path);
    process.on('exit', this.#onExit);
    try {
      const numbers = readdirSync(join(this.path, 'per_cpu')).map((name) => Number(name.slice('cpu'.length)));
      this.#set('trace_clock', 'mono');
      for (const option of optionsOff) trySetting(join(this.path, 'options', option), '0');
      this.#set('options/overwrite', '1');
      this.#allocate(options.bufferKbPerCpu ?? bufferKb(numbers.length));
      for (const cpu of numbers) {
        const path = join(this.path, 'per_cpu', `cpu${cpu}`, 'trace_pipe_raw');
        cpus.push({ cpu, fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) });
      }
      for (const { choice, format } of layout.events) {
        const event = `events/${choice.system}/${choice.name}`;
        const conditions = choice.filter.filter(({ field }) => format.fields.has(field));
        if (conditions.length > 0) {
          this.#set(`${event}/filter`, conditions.map(({ condition }) => condition).join(' && '));
        }
        this.#set(`${event}/enable`, '1');
      }
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Returns how many records the kernel has lost since the start, exactly, over all CPUs. */
  lost(): number {
    let lost = 0;
    for (const { cpu } of this.cpus) {
      const stats = readFileSync(join(this.path, 'per_cpu', `cpu${cpu}`, 'stats'), 'latin1');
      for (const [, count] of stats.matchAll(/^(?:overrun|commit overrun|dropped events): (\d+)$/gm)) {
        lost += Number(count);
      }
    }
    return lost;
  }

  /** Stops recording and removes the instance. Synchronous, so that it works in an exit hook. Idempotent. */
  remove(): void {
    if (this.#removed) return;
    this.#removed = true;
    process.off('exit', this.#onExit);
    // An instance with an open file cannot be removed.
    for (const { fd } of this.cpus) closeSync(fd);
    for (let attempt = 0; ; attempt++) {
      try {
        rmdirSync(this.path);
        return;
      } catch (error) {
        // A read that is just under way in the worker holds it for a moment.
        if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || attempt >= 50) throw error;
        pause(4);
      }
    }
  }

  #set(setting: string, value: string): void {
    writeFileSync(join(this.path, setting), value);
  }

  /** Takes less when the kernel has not that much to give. */
  #allocate(kb: number): void {
    for (let size = kb; ; size = Math.floor(size / 2)) {
      try {
        this.#set('buffer_size_kb', String(size));
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOMEM' || size / 2 < smallestBufferKb) throw error;
      }
    }
  }
}
