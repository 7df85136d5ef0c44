import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { flowOf } from '../flow/export/flow-of.ts';
import { ExportRecord } from '../flow/export/record.ts';
import type { TemplateSnapshot } from '../flow/export/template-snapshot.ts';
import { isOver, stepsAtEnd } from '../flow/steps.ts';
import { parseAddress } from '../net/address.ts';
import type { DecodingCounts, ExporterReport } from './collector/decoding.ts';
import type { FromWorker, RecordBatch, ToWorker, WorkerSetup } from './collector/messages.ts';
import { eachRecord } from './collector/record-batches.ts';
import { rateTable, Senders } from './collector/senders.ts';
import { socketDrops } from './collector/socket-drops.ts';
import { mergeTemplates, readTemplates, writeTemplates } from './collector/template-file.ts';
import { openUdpSocket, textOf, type UdpSocket } from './collector/udp-socket.ts';
import type { FlowSink, FlowSource, FlowSourceCounters, RunningFlowSource, SeenFlow } from './flow-source.ts';
import { socketCalls } from './native/sockets.ts';
import type { Probe } from './sensor.ts';

/** How the collector is set up. */
export interface CollectorOptions {
  /**
   * Addresses and ports to listen on. Each takes every protocol. Default `::` (both families, where the machine has IPv6) with the usual ports of
   * NetFlow, IPFIX and sFlow: 2055, 4739, 6343. Port 0 is any that is free.
   */
  readonly listen?: readonly { readonly address: string; readonly port: number }[];
  /** Threads that share each port; the kernel gives each sender to one of them. Default 1. */
  readonly workers?: number;
  /** Bytes of the kernel's buffer of each socket; default 8 MiB. */
  readonly receiveBuffer?: number;
  /** Addresses and prefixes of those who may export; undefined for anybody. UDP tells no truth about its sender: filter it before, too. */
  readonly allowed?: readonly string[];
  /** One packet in so many that exporters within a prefix look at, where they do not tell it themselves. */
  readonly samplingRates?: readonly (readonly [prefix: string, rate: number])[];
  /** Whether both directions that an exporter tells become one flow. Default true. */
  readonly joinDirections?: boolean;
  /** How long one direction waits for the other, ms, and how many wait at most in each thread. Default 5000 and 16384. */
  readonly joinWindowMs?: number;
  readonly joinCapacity?: number;
  /** Where templates are kept over a restart; undefined keeps none. */
  readonly stateFolder?: string;
}

/** A running collector. */
export interface RunningCollector extends RunningFlowSource {
  /** Where it listens, with the ports as they are and the buffers as the kernel gave them. */
  readonly sockets: readonly {
    readonly address: string;
    readonly port: number;
    readonly receiveBuffer: number;
  }[];
  /** What is known of each exporter. */
  exporters(): Promise<readonly ExporterReport[]>;
}

const defaultPorts = [2055, 4739, 6343];
const defaultBuffer = 8 * 1024 * 1024;
/** Templates are written so often, ms. */
const templatesEveryMs = 300_000;
/** A worker's heap bounds in MiB: tables of exporters and of directions that wait are its largest tenants. */
const workerLimits = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16, stackSizeMb: 2 };
const noCounts: DecodingCounts = {
  datagrams: 0,
  bytes: 0,
  records: 0,
  lost: {},
  dropped: {},
  details: {},
  exporters: [],
};

/** One thread, and what it told last. */
interface Thread {
  readonly worker: Worker;
  readonly signal: Int32Array<SharedArrayBuffer>;
  readonly exited: Promise<void>;
  counts: DecodingCounts;
  readonly counting: ((counts: DecodingCounts) => void)[];
  templates: readonly TemplateSnapshot[];
}

class Collector implements RunningCollector {
  readonly #sink: FlowSink;
  readonly #stateFolder: string | undefined;
  readonly #sockets: UdpSocket[] = [];
  readonly #threads: Thread[] = [];
  readonly #record = new ExportRecord();
  /** Part of each id, so that flows of two runs are never taken for one. */
  readonly #run = randomBytes(6).toString('hex');
  readonly #timer: NodeJS.Timeout | undefined;
  #ids = 0;
  #flows = 0;
  #changes = 0;
  #drops = new Map<string, number>();
  /** Batches are handed on one after the other. */
  #handing: Promise<void> = Promise.resolve();
  #failed = false;
  #stopped: Promise<void> | undefined;

  constructor(sink: FlowSink, options: CollectorOptions) {
    this.#sink = sink;
    this.#stateFolder = options.stateFolder;
    const workers = Math.max(1, Math.floor(options.workers ?? 1));
    // What is wrong with the options is to be told before a thread is started.
    new Senders(options.allowed);
    rateTable(options.samplingRates ?? []);
    const templates = this.#readTemplates();
    try {
      this.#open(options, workers);
      const seed = randomBytes(4).readInt32LE();
      const perWorker = this.#sockets.length / workers;
      for (let at = 0; at < workers; at++) {
        const fds = this.#sockets.slice(at * perWorker, (at + 1) * perWorker).map(({ fd }) => fd);
        this.#start({
          fds,
          decoding: {
            allowed: options.allowed,
            samplingRates: options.samplingRates,
            joinDirections: options.joinDirections,
            joinWindowMs: options.joinWindowMs,
            joinCapacity: options.joinCapacity,
            seed,
          },
          templates,
          signal: new Int32Array(new SharedArrayBuffer(4)),
        });
      }
    } catch (error) {
      for (const { worker } of this.#threads) void worker.terminate();
      for (const socket of this.#sockets) socket.close();
      throw error;
    }
    if (this.#stateFolder !== undefined) {
      this.#timer = setInterval(() => this.#broadcast({ type: 'templates' }), templatesEveryMs);
      this.#timer.unref();
    }
  }

  get sockets() {
    const perWorker = this.#sockets.length / this.#threads.length;
    return this.#sockets.slice(0, perWorker).map(({ address, port, receiveBuffer }) => ({
      address: textOf({ address, port }).replace(/:\d+$/, ''),
      port,
      receiveBuffer,
    }));
  }

  async counters(): Promise<FlowSourceCounters> {
    await this.#count();
    const lost: Record<string, number> = { 'kernel-buffer': sum([...this.#drops.values()]) };
    const dropped: Record<string, number> = {};
    const details: Record<string, number> = {};
    for (const { counts } of this.#threads) {
      addAll(lost, counts.lost);
      addAll(dropped, counts.dropped);
      addAll(details, counts.details);
      addAll(details, { datagrams: counts.datagrams, bytes: counts.bytes, records: counts.records });
    }
    details['receive-buffer-bytes'] = sum(this.#sockets.map(({ receiveBuffer }) => receiveBuffer));
    details.changes = this.#changes;
    return { flows: this.#flows, lost, dropped, details };
  }

  async exporters(): Promise<readonly ExporterReport[]> {
    await this.#count();
    return this.#threads.flatMap(({ counts }) => counts.exporters);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  #open(options: CollectorOptions, workers: number): void {
    const listen = options.listen ?? defaultPorts.map((port) => ({ address: defaultAddress(), port }));
    const wanted = listen.map(({ address: text, port }) => {
      const address = parseAddress(text);
      if (address === undefined) throw new Error(`'${text}' is no address to listen on`);
      return { address, port };
    });
    const asked = options.receiveBuffer ?? defaultBuffer;
    for (let worker = 0; worker < workers; worker++) {
      for (const [at, one] of wanted.entries()) {
        // A port that was free for the first is the others' too.
        const port = worker === 0 ? one.port : this.#sockets[at]!.port;
        this.#sockets.push(openUdpSocket({ address: one.address, port }, asked, workers > 1));
      }
    }
    const least = Math.min(...this.#sockets.map(({ receiveBuffer }) => receiveBuffer));
    if (least < asked)
      this.#sink.notice?.(
        `the kernel gives the collector's sockets ${least} bytes of buffer, not the ${asked} asked for: raise net.core.rmem_max, or let it have CAP_NET_ADMIN`,
      );
  }

  #start(setup: WorkerSetup): void {
    const worker = new Worker(new URL('./collector/worker.ts', import.meta.url), {
      workerData: setup,
      execArgv: [],
      resourceLimits: workerLimits,
    });
    const thread: Thread = {
      worker,
      signal: setup.signal,
      exited: new Promise((resolve) => worker.once('exit', () => resolve())),
      counts: noCounts,
      counting: [],
      templates: [],
    };
    this.#threads.push(thread);
    worker.on('message', (message: FromWorker) => this.#receive(thread, message));
    worker.on('error', (error: Error) => this.#fail(error));
    worker.once('exit', () => {
      for (const resolve of thread.counting.splice(0)) resolve(thread.counts);
    });
  }

  #send({ worker, signal }: Thread, message: ToWorker, transfer: ArrayBuffer[] = []): void {
    worker.postMessage(message, transfer);
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  }

  #broadcast(message: ToWorker): void {
    for (const thread of this.#threads) this.#send(thread, message);
  }

  #receive(thread: Thread, message: FromWorker): void {
    if (message.type === 'counted') {
      thread.counts = message.counts;
      thread.counting.shift()?.(message.counts);
    } else if (message.type === 'templates') {
      thread.templates = message.templates;
      if (thread === this.#threads.at(-1)) this.#writeTemplates();
    } else if (message.type === 'stopped') {
      thread.counts = message.counts;
      thread.templates = message.templates;
      for (const resolve of thread.counting.splice(0)) resolve(message.counts);
    } else {
      const { batch } = message;
      this.#handing = this.#handing
        .then(() => this.#hand(batch))
        .catch((error: Error) => this.#fail(error))
        .then(() => this.#send(thread, { type: 'acknowledge', buffer: batch.buffer }, [batch.buffer]));
    }
  }

  async #hand(batch: RecordBatch): Promise<void> {
    if (this.#failed) return;
    const seen: SeenFlow[] = [];
    eachRecord(batch, this.#record, (record) => {
      const flow = flowOf(record, `${this.#run}-${(this.#ids++).toString(36)}`);
      for (const step of stepsAtEnd(flow)) {
        seen.push(step);
        if (isOver(step.flow, step.change)) this.#flows++;
      }
    });
    this.#changes += seen.length;
    await this.#sink.flows(seen);
  }

  /** Asks all threads for their counters, and the kernel for its own. */
  async #count(): Promise<void> {
    if (this.#stopped === undefined) {
      this.#readDrops();
      const asked = this.#threads.map(
        (thread) => new Promise<DecodingCounts>((resolve) => thread.counting.push(resolve)),
      );
      this.#broadcast({ type: 'count' });
      await Promise.all(asked);
    } else await this.#stopped;
  }

  #readDrops(): void {
    const texts = ['/proc/net/udp', '/proc/net/udp6'].map((file) => {
      try {
        return readFileSync(file, 'latin1');
      } catch {
        return '';
      }
    });
    this.#drops = socketDrops(texts, new Set(this.#sockets.map(({ inode }) => inode)));
  }

  #fail(error: Error): void {
    if (this.#failed || this.#stopped !== undefined) return;
    this.#failed = true;
    void this.stop().then(() => this.#sink.failed(error));
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#broadcast({ type: 'stop' });
    await Promise.all(this.#threads.map(({ exited }) => exited));
    await this.#handing;
    this.#readDrops();
    this.#writeTemplates();
    for (const socket of this.#sockets) socket.close();
  }

  #readTemplates(): readonly TemplateSnapshot[] {
    if (this.#stateFolder === undefined) return [];
    try {
      return readTemplates(this.#stateFolder);
    } catch (error) {
      this.#sink.notice?.(`templates of exporters were not read again: ${(error as Error).message}`);
      return [];
    }
  }

  #writeTemplates(): void {
    const templates = this.#threads.flatMap((thread) => thread.templates);
    if (this.#stateFolder === undefined || templates.length === 0) return;
    try {
      writeTemplates(this.#stateFolder, mergeTemplates(templates));
    } catch (error) {
      this.#sink.notice?.(`templates of exporters were not kept: ${(error as Error).message}`);
    }
  }
}

/** `::` where the machine has IPv6: it takes IPv4 as well. */
function defaultAddress(): string {
  try {
    readFileSync('/proc/net/if_inet6');
    return '::';
  } catch {
    return '0.0.0.0';
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function addAll(to: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count;
}

const doc = `Takes what routers, switches and other machines export of the traffic that they see: NetFlow version 5 and 9, IPFIX and
sFlow version 5, over UDP. Every port takes every protocol. Both directions of a conversation that one exporter tells become one
flow; what an exporter tells as it comes in and as it goes out is counted once. Sampled traffic is multiplied by the rate that the
exporter tells or that is configured for it.

What is lost is counted where it is lost: in the kernel's buffer, on the way (as the exporters' numbers tell), in exporters that have no
room themselves. What came and was not used is counted by reason. Nothing is read while the rest of Picket does not keep up: the
kernel's buffer is the only queue.

Not seen: who really sent a datagram; UDP is easily forged, and a list of allowed exporters only helps where the network drops
forged addresses. The first seconds after a start, before an exporter tells its templates again, unless they were kept.

Needs no right but to bind its ports. CAP_NET_ADMIN lets it have a buffer beyond net.core.rmem_max.`;

/** Starts the collector. Throws an Error with a message for the user when it cannot listen. */
export function startCollector(sink: FlowSink, options: CollectorOptions = {}): RunningCollector {
  socketCalls();
  return new Collector(sink, options);
}

/** NetFlow, IPFIX and sFlow over UDP. */
export const collector: FlowSource<CollectorOptions> = {
  id: 'collector',
  title: 'NetFlow, IPFIX and sFlow over UDP',
  since: '0.2.0',
  doc,
  async probe({ listen = [] } = {}): Promise<Probe> {
    try {
      socketCalls();
      const where = listen
        .map(({ address, port }) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`))
        .join(', ');
      return {
        state: 'available',
        details: [`NetFlow, IPFIX and sFlow over UDP${where === '' ? '' : ` at ${where}`}`],
      };
    } catch (error) {
      return { state: 'unavailable', details: [(error as Error).message] };
    }
  },
  open: async (sink, options) => startCollector(sink, options),
};
