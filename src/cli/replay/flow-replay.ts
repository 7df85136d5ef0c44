import { type Observer, Pipeline } from '../../agent/pipeline.ts';
import type { Alert, DetectorDefinition } from '../../detect/detector.ts';
import { AlertFolder } from '../../detect/fold.ts';
import { detectors as all } from '../../detect/registry.ts';
import type { DnsMessage } from '../../flow/dns-message.ts';
import type { Flow } from '../../flow/flow.ts';
import { endOf, FlowSummary } from '../../flow/flow-summary.ts';
import { stepsAtEnd } from '../../flow/steps.ts';
import type { Posture } from '../../posture/posture.ts';
import { openMemoryStore } from '../../store/memory.ts';

/** Alerts that are kept to be printed; further ones push out those that changed longest ago. */
const maxAlerts = 10_000;
const tickMs = 1_000;
/** Ticks for a stretch of time without flows, and after the last one. */
const maxTicks = 60;

/** Puts flows that were recorded through the pipeline of `picket run`, on their own time, and sums them up. */
export class FlowReplay implements Observer {
  readonly summary = new FlowSummary();
  readonly #pipeline: Pipeline;
  readonly #store = openMemoryStore({ maxFlows: 1, maxAlerts });
  #judged: Flow | undefined;
  #now: number | undefined;
  #ids = 0;

  constructor(posture: Posture, detectors: readonly DetectorDefinition[] = all) {
    this.#pipeline = new Pipeline({
      posture,
      detectors,
      // The same flows make the same alerts, ids included. Nothing is lost between records of a file.
      folder: new AlertFolder({ newId: () => `replay-${++this.#ids}`, lostBetween: () => 0 }),
      store: this.#store,
      observers: [this],
    });
  }

  /** Alerts raised, also those that are not kept. */
  get raised(): number {
    return this.#pipeline.alerts;
  }

  /** The alerts, in the order in which they were raised. */
  get alerts(): readonly Alert[] {
    const number = ({ id }: Alert) => Number(id.slice('replay-'.length));
    return this.#store
      .alerts({ limit: maxAlerts })
      .map(({ value }) => value)
      .sort((one, other) => number(one) - number(other));
  }

  /** Takes a flow as it ended, and returns it with names and verdict. */
  take(flow: Flow): Flow {
    this.#advance(endOf(flow));
    this.#judged = undefined;
    for (const step of stepsAtEnd(flow)) this.#pipeline.flow(step.flow, step.change);
    const judged = this.#judged ?? flow;
    this.summary.add(flow, judged);
    return judged;
  }

  /** Takes a question or answer of DNS. */
  takeDns(message: DnsMessage): void {
    this.#advance(message.at);
    this.#pipeline.dns(message);
  }

  /** To be called after the last flow: detectors say how what they watched has ended. */
  end(): void {
    if (this.#now !== undefined) this.#advance(this.#now + maxTicks * tickMs);
  }

  flow(flow: Flow): void {
    this.#judged = flow;
  }

  alert(): void {}

  /** Time goes on in steps of a second; a long quiet stretch in as many larger ones. */
  #advance(to: number): void {
    const from = this.#now;
    if (from === undefined) this.#now = to;
    if (from === undefined || to - from < tickMs) return;
    const step = Math.max(tickMs, Math.ceil((to - from) / maxTicks));
    let now = from;
    while (now + step <= to) {
      now += step;
      this.#pipeline.tick(now);
    }
    this.#now = now;
  }
}
