import type { FlowExportStatus } from '../agent/flow-exports.ts';
import type { Observer } from '../agent/pipeline.ts';
import type { Status } from '../agent/status.ts';
import type { Alert } from '../detect/detector.ts';
import { alertToJson } from '../detect/json.ts';
import { rulesDetector } from '../detect/rules-detector.ts';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { flowToJson } from '../flow/json.ts';
import type { Incident } from '../incident/incident.ts';
import { incidentSummary } from '../incident/summary.ts';
import { alertText } from './alert-text.ts';
import { flowLine } from './flow-text.ts';
import { incidentLine } from './incidents/incident-text.ts';
import type { Io } from './io.ts';
import { printable } from './table.ts';
import { clockTime } from './time.ts';

/** Growth of an alert is told at most this often (ms), and for this many alerts. */
const calmMs = 1_000;
const maxTold = 256;

/** Tells the terminal what the agent sees: alerts and flows on stdout, everything about the run itself on stderr. */
export class Narrator implements Observer {
  readonly #io: Io;
  readonly #flows: boolean;
  readonly #json: boolean;

  /** What was printed last of each alert, the oldest first. */
  readonly #told = new Map<string, { readonly title: string; readonly at: number }>();

  constructor(io: Io, show: { readonly flows: boolean; readonly json: boolean }) {
    this.#io = io;
    this.#flows = show.flows;
    this.#json = show.json;
  }

  /** Tells a sentence, or several lines. They may hold what others said: the answer of a receiver, the name of an engine. */
  say(text: string): void {
    this.#io.err(`${text.split('\n').map(printable).join('\n')}\n`);
  }

  flow(flow: Flow, change: FlowChange): void {
    if (!this.#flows || change === 'attempted') return;
    if (this.#json) this.#line({ type: 'flow', change, ...flowToJson(flow) });
    else
      this.#io.out(
        `${clockTime(flow.closedAt ?? flow.establishedAt ?? flow.openedAt)}  ${flowLine(flowToJson(flow))}\n`,
      );
  }

  /** Prints an alert once, and a line when it has grown into something with another title. Those of rules go to outputs of their own. */
  alert(alert: Alert, isNew: boolean): void {
    if (alert.detector === rulesDetector) return;
    if (this.#json) this.#line({ type: 'alert', isNew, ...alertToJson(alert) });
    else if (isNew) this.#io.out(`${alertText(alert, this.#io.style, this.#io.columns)}\n`);
    else if (!this.#hasGrown(alert)) return;
    else
      this.#io.out(
        `${this.#io.style('dim', `${clockTime(alert.lastAt)}  now: ${printable(alert.title)}`)}\n\n`,
      );
    this.#remember(alert);
  }

  /** Tells of an incident when it has more than one alert, and again when it has another tactic, or is graver. One alert alone is told as such. */
  incident(incident: Incident, isNew: boolean): void {
    if (this.#json) this.#line({ type: 'incident', isNew, ...incidentSummary(incident) });
    if (this.#json || incident.alertCount < 2 || incident.state === 'resolved') return;
    const title = `${incident.severity} ${incident.stages.length}`;
    if (this.#told.get(incident.id)?.title === title) return;
    this.#io.out(`${clockTime(incident.lastAt)}  ${incidentLine(incident, this.#io.style)}\n\n`);
    this.#remember({ id: incident.id, title, lastAt: incident.lastAt });
  }

  #hasGrown({ id, title, lastAt }: Alert): boolean {
    const told = this.#told.get(id);
    return told !== undefined && told.title !== title && lastAt - told.at >= calmMs;
  }

  #remember({ id, title, lastAt }: Pick<Alert, 'id' | 'title' | 'lastAt'>): void {
    this.#told.delete(id);
    if (this.#told.size >= maxTold) this.#told.delete(this.#told.keys().next().value!);
    this.#told.set(id, { title, at: lastAt });
  }

  summary({ flows, alerts, exceptions = [], sensors, rules, startedAt, now }: Status): void {
    const seconds = Math.round((now - startedAt) / 1000);
    const lost = sensors.reduce((sum, { counters }) => sum + counters.lost, 0);
    this.say(
      `\nin ${seconds} s: ${flows.total} connections (${flows.allowed} allowed, ${flows.denied} forbidden, ` +
        `${flows.unknown} unknown), ${alerts.total} alert${alerts.total === 1 ? '' : 's'}, ${lost} kernel records lost`,
    );
    const heldBack = exceptions.reduce((sum, one) => sum + one.heldBack, 0);
    if (heldBack > 0) this.say(`exceptions held back ${heldBack} finding${heldBack === 1 ? '' : 's'}`);
    for (const { id, events, lost: missed, recording } of rules?.sources ?? []) {
      this.say(
        `rules on ${id}: ${events} events seen, ${missed} lost; ${rules?.alerts} alert${rules?.alerts === 1 ? '' : 's'} of rules`,
      );
      if (recording !== undefined)
        this.say(`recorded ${recording.events} events in ${recording.path}, ${recording.lost} lost`);
    }
    for (const { kind, target, waiting, dropped } of rules?.outputs ?? []) {
      if (waiting + dropped > 0)
        this.say(
          `warning: ${kind} (${target}) has not taken ${waiting} alerts; ${dropped} more were dropped`,
        );
    }
  }

  /** Tells what became of flows that were sent on, when that has ended. */
  exported(exports: readonly FlowExportStatus[]): void {
    for (const { target, sent, dropped, failed, problem } of exports) {
      const lost = dropped.queue + failed;
      const why = problem === undefined ? '' : ` (${problem})`;
      const flows = `${sent} flow${sent === 1 ? '' : 's'}`;
      this.say(`${lost > 0 ? 'warning: ' : ''}sent ${flows} to ${target}, ${lost} lost${why}`);
    }
  }

  #line(value: object): void {
    this.#io.out(`${JSON.stringify({ schemaVersion: 1, ...value })}\n`);
  }
}
