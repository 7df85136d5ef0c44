import type { Finding } from '../../detect/detector.ts';
import type { AlertOutputs } from '../../output/alert-outputs.ts';
import type { OutputState } from '../../output/output.ts';
import type { RuleAlert } from '../../rules/format/alert.ts';
import type { Priority } from '../../rules/rule-set.ts';
import type { AskedSet } from './asked-set.ts';
import { ruleFinding } from './rule-finding.ts';
import type { RuleAlertSink, RuleSource, RuleSourceStatus } from './rule-source.ts';

/** Rules that are told apart in counts; alerts that came from elsewhere may name any, of any source. */
const maxRules = 512;
const others = '(others)';
/** How long outputs get at the end to send what waits, ms. */
const drainMs = 2_000;

/** Alerts of one rule since the start. */
export interface RuleCount {
  readonly rule: string;
  readonly priority: Priority;
  readonly source: string;
  readonly count: number;
}

/** How rules are, for status and metrics. */
export interface RulesStatus {
  readonly sources: readonly RuleSourceStatus[];
  /** Alerts since the start. */
  readonly alerts: number;
  readonly byRule: readonly RuleCount[];
  readonly outputs: readonly OutputState[];
  /** Alerts that the throttle of a configuration held back. */
  readonly heldBack: number;
}

export interface RuleAlertsParts {
  /** Alerts go out through these. */
  readonly outputs: AlertOutputs;
  /** Told of what sources have to say. */
  readonly warn: (text: string) => void;
}

/** Where alerts of all sources of rules come together: sent to the outputs, counted, and handed on as findings. */
export class RuleAlerts implements RuleAlertSink {
  /** Takes alerts as findings; set by the agent. */
  find: (finding: Finding) => void = () => undefined;
  readonly #parts: RuleAlertsParts;
  readonly #sources: RuleSource[] = [];
  readonly #byRule = new Map<string, RuleCount>();
  #alerts = 0;

  constructor(parts: RuleAlertsParts) {
    this.#parts = parts;
  }

  /** Adds a source; it is stopped with this. */
  add(source: RuleSource): void {
    this.#sources.push(source);
  }

  alert(alert: RuleAlert): void {
    this.#alerts++;
    this.#count(alert);
    this.#parts.outputs.offer(alert);
    this.find(ruleFinding(alert));
  }

  warn(text: string): void {
    this.#parts.warn(text);
  }

  /** Has all sources ask other rules. Rejects with an Error for the user where one of them still asks those before. */
  async replace(asked: AskedSet): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.replace?.(asked)));
  }

  /** Opens files and connections of outputs anew, and tries at once what waits: for SIGUSR1. */
  reopen(): void {
    this.#parts.outputs.reopen();
  }

  /** To be called each second or so. */
  tick(): void {
    this.#parts.outputs.tick();
  }

  status(): RulesStatus {
    const { outputs } = this.#parts;
    return {
      sources: this.#sources.map((source) => source.status()),
      alerts: this.#alerts,
      byRule: [...this.#byRule.values()],
      outputs: outputs.state(),
      heldBack: outputs.heldBack,
    };
  }

  /** Stops the sources, then gives the outputs a moment to send what waits. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.stop()));
    await this.#parts.outputs.close(drainMs);
  }

  #count({ rule: { name, priority, source } }: RuleAlert): void {
    const own = `${source}|${priority}|${name}`;
    const isKnown = this.#byRule.has(own) || this.#byRule.size < maxRules;
    const labels = { priority, ...(isKnown ? { rule: name, source } : { rule: others, source: others }) };
    const key = isKnown ? own : `${others}|${priority}|${others}`;
    this.#byRule.set(key, { ...labels, count: (this.#byRule.get(key)?.count ?? 0) + 1 });
  }
}
