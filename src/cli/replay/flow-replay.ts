import { Incidents } from '../../agent/incidents.ts';
import { type Observer, Pipeline } from '../../agent/pipeline.ts';
import type { Alert, DetectorDefinition } from '../../detect/detector.ts';
import { AlertFolder } from '../../detect/fold.ts';
import { detectors as all } from '../../detect/registry.ts';
import type { ExceptionStatus } from '../../detect/settings/exceptions.ts';
import { type DetectSettings, presetSettings } from '../../detect/settings/settings.ts';
import type { LogObservation, LogOutcome } from '../../event/service-log/log-observation.ts';
import type { DnsMessage } from '../../flow/dns-message.ts';
import type { Flow } from '../../flow/flow.ts';
import { endOf, FlowSummary } from '../../flow/flow-summary.ts';
import { stepsAtEnd } from '../../flow/steps.ts';
import type { Incident } from '../../incident/incident.ts';
import type { Posture } from '../../posture/posture.ts';
import { openMemoryStore } from '../../store/memory.ts';

/** Alerts that are kept to be printed; further ones push out those that changed longest ago. */
const maxAlerts = 10_000;
const maxIncidents = 2_000;
const tickMs = 1_000;
/** Ticks for a stretch of time without flows, and after the last one. */
const maxTicks = 60;

/** Puts flows that were recorded through the pipeline of `picket run`, on their own time, and sums them up. */
export class FlowReplay implements Observer {
  readonly summary = new FlowSummary();
  /** How often each thing was told by logs of services: by service, then outcome. Both are few. */
  readonly told = new Map<string, Map<LogOutcome, number>>();
  readonly #pipeline: Pipeline;
  readonly #incidents: Incidents;
  readonly #store = openMemoryStore({ maxFlows: 1, maxAlerts, maxIncidents });
  #judged: Flow | undefined;
  #now: number | undefined;
  #ids = 0;
  #refused = 0;
  #incidentIds = 0;

  constructor(
    posture: Posture,
    settings: DetectSettings = presetSettings,
    detectors: readonly DetectorDefinition[] = all,
  ) {
    this.#incidents = new Incidents({
      store: this.#store,
      newId: () => `incident-${++this.#incidentIds}`,
      posture,
      observers: [],
    });
    this.#pipeline = new Pipeline({
      posture,
      detectors,
      settings,
      // The same flows make the same alerts, ids included. Nothing is lost between records of a file.
      folder: new AlertFolder({ newId: () => `replay-${++this.#ids}`, lostBetween: () => 0 }),
      store: this.#store,
      observers: [this, this.#incidents],
    });
  }

  /** Alerts raised, also those that are not kept. */
  get raised(): number {
    return this.#pipeline.alerts;
  }

  /** What each exception held back; whether it has expired is as of the last flow. */
  get exceptions(): readonly ExceptionStatus[] {
    return this.#pipeline.exceptions(this.#now ?? 0);
  }

  /** The alerts, in the order in which they were raised. */
  get alerts(): readonly Alert[] {
    const number = ({ id }: Alert) => Number(id.slice('replay-'.length));
    return this.#store
      .alerts({ limit: maxAlerts })
      .map(({ value }) => value)
      .sort((one, other) => number(one) - number(other));
  }

  /** The incidents that the alerts make, the gravest first; without those that turned out to be one with another. */
  get incidents(): readonly Incident[] {
    const number = ({ id }: Incident) => Number(id.slice('incident-'.length));
    return this.#store
      .incidents({ limit: maxIncidents })
      .map(({ value }) => value)
      .filter(({ resolution }) => resolution?.kind !== 'merged')
      .sort((one, other) => other.score - one.score || number(one) - number(other));
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

  /** Takes what a log of services tells; returns the flow that it is as well, where it is one. */
  takeLog(seen: LogObservation): Flow | undefined {
    this.#advance(seen.at);
    this.#judged = undefined;
    this.#pipeline.log(seen, () => `refused-${++this.#refused}`);
    const outcomes = this.told.get(seen.service) ?? new Map<LogOutcome, number>();
    this.told.set(seen.service, outcomes);
    outcomes.set(seen.outcome, (outcomes.get(seen.outcome) ?? 0) + (seen.count ?? 1));
    const judged = this.#judged as Flow | undefined;
    if (judged !== undefined) this.summary.add(judged, judged);
    return judged;
  }

  /** To be called after the last flow: detectors say how what they watched has ended. */
  end(): void {
    if (this.#now !== undefined) this.#advance(this.#now + maxTicks * tickMs);
    // All that has changed is told, a part of it at a time.
    while (this.#incidents.tick(this.#now ?? 0) > 0);
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
      this.#incidents.tick(now);
    }
    this.#now = now;
  }
}
