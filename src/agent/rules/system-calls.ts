import { Worker } from 'node:worker_threads';
import type { EventSensorKind } from '../../sensor/event-sensor.ts';
import type { RecordingStatus } from '../../store/recording/recording-file.ts';
import type { AskedSet } from './asked-set.ts';
import type { RuleAlertSink, RuleSource, RuleSourceStatus } from './rule-source.ts';
import type { Counts, FromWorker, ToWorker, WorkerSetup } from './system-calls/messages.ts';

const details: Readonly<Record<EventSensorKind, string>> = {
  bpf: 'system calls of this machine, from programs in the kernel',
  tracefs: 'starts, ends and TCP connections of programs on this machine, from trace events of the kernel',
};
const none: Counts = { events: 0, lost: 0, undecodable: 0, incomplete: 0, evicted: 0 };

type Started = Extract<FromWorker, { type: 'started' }>;

/** Rules of system calls, asked in a thread of its own: what the rest of the agent does, does not hold it up. */
export class SystemCallRules implements RuleSource {
  readonly #worker: Worker;
  readonly #sink: RuleAlertSink;
  readonly #ended: Promise<void>;
  #started: Started | undefined;
  #rules = 0;
  #counts = none;
  #failure: string | undefined;
  #isStopping = false;
  /** When batches so far have had their half of the time. */
  #restUntil = 0;
  /** Told once whether it works: undefined, or why not. */
  #opened: (failure?: string) => void = () => undefined;
  /** The same of other rules. */
  #replaced: (failure?: string) => void = () => undefined;

  /** Sees what happens from when it resolves on. Rejects with an Error for the user when the machine does not let it. */
  static async open(setup: WorkerSetup, sink: RuleAlertSink): Promise<SystemCallRules> {
    const rules = new SystemCallRules(setup, sink);
    const failure = await new Promise<string | undefined>((resolve) => {
      rules.#opened = resolve;
    });
    if (failure === undefined) return rules;
    await rules.#ended;
    throw new Error(failure);
  }

  private constructor(setup: WorkerSetup, sink: RuleAlertSink) {
    this.#sink = sink;
    this.#worker = new Worker(new URL('./system-calls/worker.ts', import.meta.url), {
      workerData: setup,
      name: 'system-calls',
      // BPF objects are closed by number, of which this would warn.
      trackUnmanagedFds: false,
    });
    this.#worker.on('message', (message: FromWorker) => this.#take(message));
    this.#worker.on('error', (error) => this.#fail(error.message));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        if (!this.#isStopping) this.#fail('its thread has ended');
        resolve();
      });
    });
  }

  /** Which sensor gives the events. */
  get sensor(): EventSensorKind {
    return this.#started?.sensor ?? 'bpf';
  }

  /** Why it is not the better one; undefined when it is. */
  get insteadBecause(): string | undefined {
    return this.#started?.insteadBecause;
  }

  /** The container engine that is asked, and where it listens; undefined where none is. */
  get containers(): string | undefined {
    return this.#started?.containers;
  }

  /** Why no container engine is asked, where one was named or should be there. */
  get containersMissing(): string | undefined {
    return this.#started?.containersMissing;
  }

  status(): RuleSourceStatus {
    return {
      id: 'syscall',
      state: this.#failure === undefined ? 'running' : 'failed',
      detail: this.#failure ?? details[this.sensor],
      rules: this.#rules,
      ...this.#counts,
    };
  }

  /**
   * Asks other rules from when it resolves on; no event is missed or asked twice meanwhile. Rejects with an Error when the machine does not
   * let it: then the rules stay.
   */
  async replace(asked: AskedSet): Promise<void> {
    const failure = await new Promise<string | undefined>((resolve) => {
      this.#replaced = resolve;
      this.#post({ type: 'replace', asked });
    });
    if (failure !== undefined) throw new Error(failure);
  }

  async stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#post({ type: 'stop' });
    }
    await this.#ended;
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromWorker): void {
    switch (message.type) {
      case 'started':
        this.#started = message;
        this.#rules = message.rules;
        this.#opened();
        break;
      case 'replaced':
        this.#rules = message.rules;
        this.#replaced();
        break;
      case 'kept':
        this.#replaced(message.message);
        break;
      case 'refused':
        this.#fail(message.message);
        break;
      case 'batch': {
        const begun = performance.now();
        const { alerts, counts, lost, notices } = message;
        this.#tellRecording(this.#counts.recording, counts.recording);
        this.#counts = counts;
        for (const alert of alerts) this.#sink.alert(alert);
        for (const notice of notices) this.#sink.warn(notice);
        if (lost.size > 0) this.#sink.warn(lossText(lost));
        // All else in this thread, outputs and HTTP, has as much time as these take, however many are under way.
        const now = performance.now();
        this.#restUntil = Math.max(this.#restUntil, begun) + 2 * (now - begun);
        this.#acknowledgeAt(this.#restUntil);
      }
    }
  }

  #acknowledgeAt(time: number): void {
    const left = time - performance.now();
    // A timer goes by the clock as it was before the callback that it is set in: after a long one it comes too early.
    if (left > 0) setTimeout(() => this.#acknowledgeAt(time), Math.ceil(left));
    else this.#post({ type: 'acknowledge' });
  }

  #tellRecording(before: RecordingStatus | undefined, now: RecordingStatus | undefined): void {
    if (now === undefined || now.lost === (before?.lost ?? 0)) return;
    const count = now.lost - (before?.lost ?? 0);
    const why = now.lastError ?? 'the disk does not keep up';
    this.#sink.warn(`${count} event${count === 1 ? '' : 's'} could not be recorded: ${why}`);
  }

  #fail(reason: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#replaced(reason);
    if (this.#started === undefined) this.#opened(reason);
    else this.#sink.warn(`rules on system calls are no longer asked: ${reason}`);
  }
}

function lossText(lost: ReadonlyMap<string, number>): string {
  const which = [...lost].map(([type, count]) => `${type} ${count}`).join(', ');
  return `the kernel had no room for events: ${which}; rules may have missed something`;
}
