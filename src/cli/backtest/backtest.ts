import type { DetectorDefinition, Finding, RunningDetector } from '../../detect/detector.ts';
import { AlertFolder } from '../../detect/fold.ts';
import { poissonUpperBound } from '../../detect/poisson.ts';
import { presetSettings } from '../../detect/settings/settings.ts';
import type { LogObservation } from '../../event/service-log/log-observation.ts';
import type { DnsMessage } from '../../flow/dns-message.ts';
import type { Flow } from '../../flow/flow.ts';
import { endOf } from '../../flow/flow-summary.ts';
import type { Posture } from '../../posture/posture.ts';
import { FlowReplay } from '../replay/flow-replay.ts';
import { HostDays } from './host-days.ts';

const dayMs = 86_400_000;
/** Titles that are kept of each value. */
const maxTitles = 5;
export const confidence = 0.95;

/** One value of the threshold, and the alerts that it makes. */
export interface Tried {
  readonly value: number;
  readonly isPreset: boolean;
  readonly alerts: number;
  /** For each host and day; null without any. The bound is that of the mean of a Poisson distribution, one-sided, with 95 % confidence. */
  readonly perHostDay: number | null;
  readonly atMost: number | null;
  /** The first few. */
  readonly titles: readonly string[];
}

/** What a backtest found. */
export interface BacktestResult {
  readonly detector: string;
  readonly option: string;
  readonly budget: number;
  readonly flows: number;
  readonly hosts: number;
  readonly uncountedHosts: number;
  readonly hostDays: number;
  /** The most sensitive first. */
  readonly tried: readonly Tried[];
  /** The most sensitive value from which on all meet the budget: by what was counted, and by the bound; null where none does. */
  readonly meets: number | null;
  readonly meetsSurely: number | null;
  /** Host-days without a single alert that it takes to know with this confidence that the budget is met. */
  readonly hostDaysNeeded: number;
}

/** One detector with several thresholds over the same flows, by the way that `picket replay` takes them. */
export class Backtest {
  readonly #definition: DetectorDefinition;
  readonly #option: string;
  readonly #budget: number;
  readonly #variants: readonly Variant[];
  readonly #replay: FlowReplay;
  readonly #days: HostDays;
  #flows = 0;

  /** Tries each of the values of an option; `budget` in alerts for each host and day. */
  constructor(
    posture: Posture,
    definition: DetectorDefinition,
    settings: {
      readonly option: string;
      readonly values: readonly number[];
      /** Other options of the detector, as the site file has them. */
      readonly others: Readonly<Record<string, unknown>>;
    },
    inside: readonly string[],
    budget: number,
  ) {
    this.#definition = definition;
    this.#option = settings.option;
    this.#budget = budget;
    const preset = presetOf(definition, settings.option);
    const hasInside = definition.options.safeParse({ inside }).success;
    this.#variants = settings.values.map((value) => {
      const own = hasInside && inside.length > 0 ? { inside } : {};
      const options = { ...settings.others, ...own, [settings.option]: value };
      return new Variant(definition, options, value, value === preset);
    });
    this.#replay = new FlowReplay(
      posture,
      presetSettings,
      this.#variants.map((variant) => ({ ...definition, create: () => variant.detector })),
    );
    this.#days = new HostDays(inside, definition.threshold?.learnsMs ?? 0);
  }

  /** Takes a flow as it ended. */
  take(flow: Flow): void {
    this.#flows++;
    this.#days.add(this.#replay.take(flow), endOf(flow));
  }

  /** Takes a question or answer of DNS. */
  takeDns(message: DnsMessage): void {
    this.#replay.takeDns(message);
  }

  /** Takes what a log of services tells. */
  takeLog(seen: LogObservation): void {
    const refused = this.#replay.takeLog(seen);
    if (refused !== undefined) this.#days.add(refused, seen.at);
  }

  /** To be called after the last flow. */
  end(): BacktestResult {
    this.#replay.end();
    const hostDays = this.#days.days;
    const tried = this.#variants.map((variant) => variant.result(hostDays));
    const from = (meets: (one: Tried) => boolean) => {
      const last = tried.findLastIndex((one) => !meets(one));
      return tried[last + 1]?.value ?? null;
    };
    const budget = this.#budget;
    return {
      detector: this.#definition.id,
      option: this.#option,
      budget,
      flows: this.#flows,
      hosts: this.#days.hosts,
      uncountedHosts: this.#days.uncounted,
      hostDays,
      tried,
      meets: from(({ perHostDay }) => perHostDay !== null && perHostDay <= budget),
      meetsSurely: from(({ atMost }) => atMost !== null && atMost <= budget),
      hostDaysNeeded: poissonUpperBound(0, confidence) / budget,
    };
  }
}

/** One value at work: its findings become alerts of its own, and go nowhere else. */
class Variant {
  readonly detector: RunningDetector;
  readonly #running: RunningDetector;
  readonly #value: number;
  readonly #isPreset: boolean;
  readonly #folder: AlertFolder;
  readonly #titles: string[] = [];
  #alerts = 0;

  constructor(definition: DetectorDefinition, options: object, value: number, isPreset: boolean) {
    this.#value = value;
    this.#isPreset = isPreset;
    this.#folder = new AlertFolder({ newId: () => '', lostBetween: () => 0 });
    const running = definition.create(options);
    this.#running = running;
    this.detector = {
      onFlow: (flow, change) => this.#take(running.onFlow?.(flow, change)),
      onDns: (message) => this.#take(running.onDns?.(message)),
      onLog: (seen) => this.#take(running.onLog?.(seen)),
      onTick: (now) => this.#take(running.onTick?.(now)),
      stateBytes: () => running.stateBytes(),
      evicted: () => running.evicted(),
    };
  }

  result(hostDays: number): Tried {
    const by = (count: number) => (hostDays > 0 ? count / hostDays : null);
    return {
      value: this.#value,
      isPreset: this.#isPreset,
      alerts: this.#alerts,
      perHostDay: by(this.#alerts),
      atMost: by(poissonUpperBound(this.#alerts, confidence)),
      titles: this.#titles,
    };
  }

  #take(findings: readonly Finding[] | undefined): readonly Finding[] {
    for (const finding of findings ?? []) {
      // As the pipeline tells all of them: nothing is learned of what is under alert.
      this.#running.onFinding?.(finding);
      if (!this.#folder.fold(finding).isNew) continue;
      this.#alerts++;
      if (this.#titles.length < maxTitles) this.#titles.push(finding.title);
    }
    return [];
  }
}

/** What the option of a detector is preset to; undefined where it is no number. */
export function presetOf(definition: DetectorDefinition, option: string): number | undefined {
  const value = (definition.options.parse({}) as Record<string, unknown>)[option];
  return typeof value === 'number' ? value : undefined;
}

const periods: Readonly<Record<string, number>> = {
  hour: dayMs / 24,
  day: dayMs,
  week: 7 * dayMs,
  month: 30 * dayMs,
};

/** Returns the alerts a day of `1/day`, `0.5/week`; undefined for anything else, and for none. */
export function parseBudget(text: string): number | undefined {
  const match = /^(\d{1,6}(?:\.\d{1,6})?)\/(hour|day|week|month)$/.exec(text);
  const budget = match === null ? 0 : (Number(match[1]) * dayMs) / periods[match[2]!]!;
  return budget > 0 ? budget : undefined;
}
