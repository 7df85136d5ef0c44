import { randomInt, randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { CaptureOptions, CaptureSetup, FromCapture, ToCapture } from './capture/messages.ts';
import { probeCapture } from './capture/probe.ts';
import type { FlowSink, FlowSource, FlowSourceCounters, RunningFlowSource } from './flow-source.ts';

const nothing: FlowSourceCounters = { flows: 0, lost: {}, dropped: {}, details: {} };

/** Flows of the packets that pass this machine's interfaces. */
export const capture: FlowSource<CaptureOptions> = {
  id: 'capture',
  title: 'Packets of interfaces',
  since: '0.2.0',
  doc: `Makes flows of the packets that interfaces send and receive, with packets, bytes and TCP flags both ways, the tunnel and VLANs that they
go through, and the names in DNS answers, TLS ClientHello and HTTP requests. Packets are read from a ring that the kernel fills
(\`TPACKET_V3\`); what it has no room for, the kernel counts. Needs \`CAP_NET_RAW\`.

It sees what passes the interfaces of its own network namespace, so also what is only forwarded, and on a switch's mirror port the traffic of
others. It does not see which process a packet is of, traffic within other namespaces, and what is inside encryption.`,
  async probe(options = {}) {
    const { interfaces = [], promiscuous = false } = options;
    const probes = (interfaces.length > 0 ? interfaces : [undefined]).map((name) =>
      probeCapture(name === undefined ? {} : { interface: name, promiscuous }),
    );
    return (
      probes.find(({ state }) => state === 'unavailable') ?? {
        state: 'available',
        details: probes.flatMap(({ details }) => details),
      }
    );
  },
  open: async (sink, options = {}) => RunningCapture.open(sink, options),
};

class RunningCapture implements RunningFlowSource {
  readonly #worker: Worker;
  readonly #sink: FlowSink;
  readonly #ended: Promise<void>;
  #taken: Promise<void> = Promise.resolve();
  #counters = nothing;
  #isStopping = false;
  #opened: (failure?: string) => void = () => undefined;

  static async open(sink: FlowSink, options: CaptureOptions): Promise<RunningCapture> {
    const running = new RunningCapture(sink, options);
    const failure = await new Promise<string | undefined>((resolve) => {
      running.#opened = resolve;
    });
    if (failure !== undefined) throw new Error(failure);
    return running;
  }

  private constructor(sink: FlowSink, options: CaptureOptions) {
    this.#sink = sink;
    const setup: CaptureSetup = { options, idPrefix: randomUUID(), hashSeed: randomInt(2 ** 31) };
    this.#worker = new Worker(new URL('./capture/worker.ts', import.meta.url), {
      workerData: setup,
      name: 'capture',
    });
    this.#worker.on('message', (message: FromCapture) => this.#take(message));
    this.#worker.on('error', (error) => this.#fail(error.message));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#opened('its thread has ended');
        resolve();
      });
    });
  }

  async counters(): Promise<FlowSourceCounters> {
    return this.#counters;
  }

  async stop(): Promise<void> {
    if (!this.#isStopping) this.#post({ type: 'stop' });
    this.#isStopping = true;
    await this.#ended;
    await this.#taken;
  }

  #post(message: ToCapture): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromCapture): void {
    switch (message.type) {
      case 'started':
        this.#opened();
        break;
      case 'refused':
        this.#opened(message.message);
        break;
      case 'failed':
        this.#fail(message.message);
        break;
      case 'batch': {
        this.#counters = message.counters;
        // One after the other, and the next comes when this one has been taken.
        this.#taken = this.#taken
          .then(() => (message.dns.length > 0 ? this.#sink.dns?.(message.dns) : undefined))
          .then(() => this.#sink.flows(message.flows))
          .then(() => this.#post({ type: 'acknowledge' }));
      }
    }
  }

  #fail(reason: string): void {
    if (!this.#isStopping) this.#sink.failed(new Error(reason));
  }
}
