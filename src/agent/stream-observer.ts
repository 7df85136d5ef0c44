import type { Alert } from '../detect/detector.ts';
import { alertToJson } from '../detect/json.ts';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { flowToJson } from '../flow/json.ts';
import type { Incident } from '../incident/incident.ts';
import { incidentSummary } from '../incident/summary.ts';
import type { Observer } from './pipeline.ts';
import type { EventStream } from './stream.ts';

/** Flow messages a second that the event stream carries; a person cannot read more, and each costs a serialisation. */
const flowsPerSecond = 400;

/** Publishes flows, alerts and incidents to the event stream. Alerts and incidents, those in short, always go out; flows up to a rate, the rest is counted. */
export class StreamObserver implements Observer {
  readonly #stream: EventStream;
  #budget = flowsPerSecond;
  #skipped = 0;

  constructor(stream: EventStream) {
    this.#stream = stream;
  }

  /** Flow messages not published because of the rate limit. */
  get skipped(): number {
    return this.#skipped;
  }

  flow(flow: Flow, _change: FlowChange): void {
    if (this.#stream.subscribers === 0) return;
    if (this.#budget === 0) {
      this.#skipped += 1;
      return;
    }
    this.#budget -= 1;
    this.#stream.publish({ type: 'flow', data: flowToJson(flow) });
  }

  alert(alert: Alert, _isNew: boolean): void {
    this.#stream.publish({ type: 'alert', data: alertToJson(alert) });
  }

  incident(incident: Incident, _isNew: boolean): void {
    this.#stream.publish({ type: 'incident', data: incidentSummary(incident) });
  }

  /** Called once a second. */
  tick(): void {
    this.#budget = flowsPerSecond;
  }
}
