import { Worker } from 'node:worker_threads';
import type { SensorCounters, Snapshot } from '../flow/kernel-batch.ts';
import type { RunningSensor, SensorDefinition, SensorSink } from './sensor.ts';
import { readLayout } from './tracefs/events.ts';
import { symbolsOf } from './tracefs/format.ts';
import { type InstanceOptions, sweepInstances, TraceInstance } from './tracefs/instance.ts';
import type { Decoded, FromWorker, ToWorker, WorkerSetup } from './tracefs/messages.ts';
import { openTracefs, type Tracefs } from './tracefs/mount.ts';
import { probeTracefs } from './tracefs/probe.ts';

/** How often the kernel's loss counters are read while nothing points to a loss. Milliseconds. */
const lossIntervalMs = 1000;

/** The worker's heap bounds in MiB: start-up picture and task table are its largest tenants. */
const workerLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 1, stackSizeMb: 2 };

/** A running tracefs sensor. */
export interface RunningTracefs extends RunningSensor {
  /** Names of the values of `detail` in `ResetSent` records, as this kernel numbers them (enum sk_rst_reason). */
  readonly resetReasons: ReadonlyMap<number, string>;
}

class TracefsSensor implements RunningTracefs {
  readonly resetReasons: ReadonlyMap<number, string>;
  readonly #sink: SensorSink;
  readonly #tracefs: Tracefs;
  readonly #instance: TraceInstance;
  readonly #worker: Worker;
  readonly #signal = new Int32Array(new SharedArrayBuffer(4));
  readonly #exited: Promise<void>;
  #decoded: Decoded = { records: 0, undecodable: 0 };
  #lost = 0;
  #lostReadAt = Number.NEGATIVE_INFINITY;
  #counting: ((decoded: Decoded) => void)[] = [];
  #stopped: Promise<void> | undefined;

  constructor(sink: SensorSink, tracefs: Tracefs, options: InstanceOptions) {
    this.#sink = sink;
    this.#tracefs = tracefs;
    const layout = readLayout(tracefs.root);
    const formats = layout.events.map(({ format }) => format);
    const sendReset = formats.find(({ name }) => name === 'tcp_send_reset');
    this.resetReasons = sendReset ? symbolsOf(sendReset, 'reason') : new Map();
    sweepInstances(tracefs.root);
    this.#instance = new TraceInstance(tracefs.root, layout, options);
    const workerData: WorkerSetup = {
      cpus: this.#instance.cpus,
      page: layout.page,
      formats,
      signal: this.#signal,
    };
    this.#worker = new Worker(new URL('./tracefs/worker.ts', import.meta.url), {
      workerData,
      execArgv: [],
      resourceLimits: workerLimits,
    });
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error: Error) => this.#fail(error));
  }

  async counters(): Promise<SensorCounters> {
    if (this.#stopped) return this.#counters();
    const decoded = await new Promise<Decoded>((resolve) => {
      this.#counting.push(resolve);
      this.#send({ type: 'count' });
    });
    this.#decoded = decoded;
    // Stopped meanwhile: the instance, and its counters with it, are gone.
    if (!this.#stopped) this.#readLost();
    return this.#counters();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#send({ type: 'stop' });
    await this.#exited;
    // Nothing uses the files any more.
    this.#readLost();
    for (const resolve of this.#counting) resolve(this.#decoded);
    this.#counting = [];
    this.#instance.remove();
    this.#tracefs.release();
  }

  #fail(error: Error): void {
    if (this.#stopped) return;
    this.#stopped = this.#stop();
    void this.#stopped.then(() => this.#sink.failed(error));
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
    Atomics.add(this.#signal, 0, 1);
    Atomics.notify(this.#signal, 0);
  }

  #receive(message: FromWorker): void {
    if (message.type === 'counted') {
      this.#counting.shift()?.(message.decoded);
    } else if (this.#stopped) {
      return;
    } else if (message.type === 'snapshot') {
      this.#present(message.snapshot);
    } else {
      this.#deliver(message).catch((error: Error) => this.#fail(error));
    }
  }

  #present(snapshot: Snapshot): void {
    try {
      this.#sink.snapshot(snapshot);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  async #deliver({ kernel, tasks, decoded, missed }: Extract<FromWorker, { type: 'batch' }>): Promise<void> {
    this.#decoded = decoded;
    if (missed || performance.now() - this.#lostReadAt >= lossIntervalMs) this.#readLost();
    await this.#sink.batch({ kernel, tasks, counters: this.#counters() });
    this.#send({ type: 'acknowledge' });
  }

  #readLost(): void {
    this.#lost = this.#instance.lost();
    this.#lostReadAt = performance.now();
  }

  #counters(): SensorCounters {
    return { ...this.#decoded, lost: this.#lost };
  }
}

const doc = `Records every TCP connection of this machine, over all network namespaces, from the kernel's own trace
events: opened, accepted, refused, failed, closed, with the process that opened it or listens. Refusals of packets that
no socket waits for (scans of closed ports) are seen on Linux 6.10 and newer.

It makes a tracing instance of its own and removes it when it stops; an instance left by a killed process is removed
at the next start. Records that the kernel had to drop are counted exactly.

Not seen: connections that only pass through this machine; handshakes that are never completed, on the accepting side
(a bare SYN to an open port makes no socket); bytes and packets. The accepting side has no process of its own in
these records: it is the listener's. Sockets that existed before the start are read from /proc, but not those of a
namespace that has no process.

Needs root, and a kernel that is not locked down for confidentiality. Takes 4 MiB of kernel memory per CPU, less on
small machines.`;

/**
 * Starts the tracefs sensor. It delivers one snapshot first, then batches in time order, at most 3 of them at a time;
 * each batch tells the processes that opened something in it. Throws an Error with a message for the user when the
 * machine does not let it.
 */
export function startTracefs(sink: SensorSink, options: InstanceOptions = {}): RunningTracefs {
  const opened = openTracefs();
  try {
    return new TracefsSensor(sink, opened, options);
  } catch (error) {
    opened.release();
    throw error;
  }
}

/** TCP connections of the whole machine from the kernel's own trace events. */
export const tracefs: SensorDefinition = {
  id: 'tracefs',
  title: 'TCP connections from kernel tracing',
  since: '0.1.0',
  doc,
  probe: async () => probeTracefs(),
  open: async (sink) => startTracefs(sink),
};
