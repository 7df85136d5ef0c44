import type { Alert, DetectorDefinition, Finding, RunningDetector } from '../detect/detector.ts';
import type { AlertFolder } from '../detect/fold.ts';
import { type ExceptionStatus, Exceptions } from '../detect/settings/exceptions.ts';
import { type DetectSettings, presetSettings } from '../detect/settings/settings.ts';
import type { LogObservation } from '../event/service-log/log-observation.ts';
import type { DnsMessage } from '../flow/dns-message.ts';
import type { End, Flow, FlowChange, Identity, IdentityKind, TranslatedEnd } from '../flow/flow.ts';
import type { Outcome } from '../flow/verdict.ts';
import type { Incident } from '../incident/incident.ts';
import type { Posture } from '../posture/posture.ts';
import type { Store } from '../store/store.ts';
import { refusedFlow } from './refused-flow.ts';

/** Who is told of what passes through; the event stream and the terminal. */
export interface Observer {
  flow(flow: Flow, change: FlowChange): void;
  alert(alert: Alert, isNew: boolean): void;
  /** Told when an incident is new or has changed, about once a second at most, and when somebody has acted on it. */
  incident?(incident: Incident, isNew: boolean): void;
}

/** Counts of decided connections by state and verdict. */
export interface FlowCounts {
  readonly total: number;
  readonly byVerdict: Readonly<Record<Outcome, number>>;
}

/** A detector, and the options that it was created with, as text. */
interface AtWork {
  readonly id: string;
  readonly options: string;
  readonly running: RunningDetector;
}

/** Kinds of identity that NAT leads to. */
const ends: ReadonlySet<IdentityKind> = new Set(['workload', 'node', 'host', 'peer']);

function isNamed({ kind }: Identity): boolean {
  return kind !== 'unknown' && kind !== 'loopback';
}

/** Flows in, judged by the posture, through all detectors, into the store and to the observers. */
export class Pipeline {
  posture: Posture;
  readonly #definitions: readonly DetectorDefinition[];
  #detectors: readonly AtWork[] = [];
  #exceptions = new Exceptions([]);
  readonly #folder: AlertFolder;
  readonly #store: Store;
  readonly #observers: readonly Observer[];
  readonly #byVerdict: Record<Outcome, number> = { allow: 0, deny: 0, unknown: 0 };
  #total = 0;
  #alerts = 0;

  constructor(parts: {
    readonly posture: Posture;
    readonly detectors: readonly DetectorDefinition[];
    /** Options of detectors and exceptions; all as preset without. */
    readonly settings?: DetectSettings;
    readonly folder: AlertFolder;
    readonly store: Store;
    readonly observers: readonly Observer[];
  }) {
    this.posture = parts.posture;
    this.#definitions = parts.detectors;
    this.useSettings(parts.settings ?? presetSettings);
    this.#folder = parts.folder;
    this.#store = parts.store;
    this.#observers = parts.observers;
  }

  /** The detectors that run. */
  get detectors(): readonly { readonly id: string; readonly running: RunningDetector }[] {
    return this.#detectors;
  }

  /** Detectors run by these settings from now on; one of which the options changed begins anew, the others go on. */
  useSettings({ options, off, exceptions }: DetectSettings): void {
    this.#exceptions = new Exceptions(exceptions, this.#exceptions);
    const before = new Map(this.#detectors.map((one) => [one.id, one]));
    const wanted = this.#definitions.filter(({ id }) => !off.has(id));
    this.#detectors = wanted.map(({ id, create }) => {
      const own = options.get(id) ?? {};
      const text = JSON.stringify(own);
      const known = before.get(id);
      return known?.options === text ? known : { id, options: text, running: create(own) };
    });
  }

  /** What each exception held back; `now` in ms since the epoch. */
  exceptions(now: number): readonly ExceptionStatus[] {
    return this.#exceptions.status(now);
  }

  get counts(): FlowCounts {
    return { total: this.#total, byVerdict: this.#byVerdict };
  }

  /** Alerts that a repeat would still be folded into. */
  get openAlerts(): number {
    return this.#folder.open;
  }

  /** Alerts raised since start. */
  get alerts(): number {
    return this.#alerts;
  }

  /** Takes one flow as the tracker emits it. */
  readonly flow = (seen: Flow, change: FlowChange): void => {
    const flow = this.#judge(seen);
    if (change === 'decided') {
      this.#total += 1;
      this.#byVerdict[flow.verdict?.outcome ?? 'unknown'] += 1;
    }
    if (change !== 'attempted') this.#store.putFlow(flow);
    for (const observer of this.#observers) observer.flow(flow, change);
    for (const { running } of this.#detectors) this.#raise(running.onFlow?.(flow, change));
  };

  /** Takes one question or answer of DNS. */
  readonly dns = (seen: DnsMessage): void => {
    const message = { ...seen, clientIdentity: this.posture.identify(seen.client) };
    for (const { running } of this.#detectors) this.#raise(running.onDns?.(message));
  };

  /**
   * Takes what a log of a service tells. A packet that a firewall refused is also a flow, which came to nothing; `newId` gives it an
   * id of its own within the store.
   */
  log(seen: LogObservation, newId: () => string): void {
    const identity = this.posture.identify(seen.source);
    const named = isNamed(identity) ? { ...seen, sourceName: identity.name } : seen;
    for (const { running } of this.#detectors) this.#raise(running.onLog?.(named));
    const flow = refusedFlow(seen, newId);
    if (flow !== undefined) this.flow(flow, 'decided');
  }

  /** Gives detectors the time, ms since the epoch. */
  tick(now: number): void {
    for (const { running } of this.#detectors) this.#raise(running.onTick?.(now));
  }

  /** Takes what was seen elsewhere than in flows. */
  readonly find = (finding: Finding): void => this.#raise([finding]);

  #judge(flow: Flow): Flow {
    const { source, destination, protocol } = flow;
    const { address, port, identity } = this.#reached(flow);
    return {
      ...flow,
      source: { ...source, identity: this.#identify(source) },
      destination: { ...destination, identity },
      verdict: this.posture.judge({ source: source.address, destination: address, protocol, port }),
    };
  }

  /**
   * The end that answers. Where NAT leads on to one that is declared it is that one, by whose policies Kubernetes judges too (packets meet
   * them with their translated destination); the name of what was called is kept. Where it leads to an unknown address, or to a proxy on
   * this machine, what is declared is what was called.
   */
  #reached({ destination, translated }: Flow): TranslatedEnd & { readonly identity: Identity } {
    const called = this.#identify(destination);
    const behind = translated?.destination;
    const identity = behind && this.posture.identify(behind.address);
    if (behind === undefined || identity === undefined || !ends.has(identity.kind))
      return { address: destination.address, port: destination.port, identity: called };
    const isOther = isNamed(called) && called.name !== identity.name;
    return { ...behind, identity: isOther ? { ...identity, via: called.name } : identity };
  }

  /** The declared name; where nothing declared has the address, the one that whoever told of the flow gave. */
  #identify({ address, identity }: End): Identity {
    const declared = this.posture.identify(address);
    return declared.kind === 'unknown' ? (identity ?? declared) : declared;
  }

  #raise(findings: readonly Finding[] | undefined): void {
    for (const finding of findings ?? []) {
      if (this.#exceptions.holdBack(finding)) continue;
      for (const { running } of this.#detectors) running.onFinding?.(finding);
      const { alert, isNew } = this.#folder.fold(finding);
      if (isNew) this.#alerts += 1;
      this.#store.putAlert(alert);
      for (const observer of this.#observers) observer.alert(alert, isNew);
    }
  }
}
