import { eventTypes } from '../../event/event-types.ts';
import type { Surroundings } from '../../event/state/process-table.ts';
import { SystemState } from '../../event/state/system-state.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';
import { compileRules, type RuleMatcher } from '../../rules/compile/compile.ts';
import { AlertPrinter, type RuleAlert } from '../../rules/format/alert.ts';
import type { Rule } from '../../rules/rule-set.ts';
import { BpfSensor, bpfTypes } from '../../sensor/bpf.ts';

/** Events that are taken before everything else gets its turn: some milliseconds of work. */
const batchSize = 5_000;
const idleMs = 10;

/** Who is told. `lost`: events that the kernel had no room for since the last time, by type. */
export interface LiveRulesSink {
  alert(alert: RuleAlert): void;
  lost(counts: ReadonlyMap<string, number>): void;
}

/** Rules of system calls, asked of what happens on this machine. */
export class LiveRules {
  /** Rules all of whose types of events this sensor does not give. */
  readonly unseen: readonly Rule[];
  readonly #sensor: BpfSensor;
  readonly #state: SystemState;
  readonly #matcher: RuleMatcher<SystemEvent>;
  readonly #printer: AlertPrinter<SystemEvent>;
  readonly #sink: LiveRulesSink;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #lost: ReadonlyMap<string, number> = new Map();
  #lostReadAt = 0;
  #stopped = false;

  /** Begins at once. Throws an Error with a message for the user when the machine does not let it. */
  constructor(
    rules: readonly Rule[],
    surroundings: Surroundings & { readonly hostname: string },
    sink: LiveRulesSink,
  ) {
    this.#sink = sink;
    this.#matcher = compileRules(rules, syscallSource);
    const asked = eventTypes.filter((_, type) => this.#matcher.isAsked(type));
    const seen = new Set(this.#givenBy(asked).flatMap((type) => this.#matcher.rulesFor(type)));
    this.unseen = this.#matcher.rules.filter((rule) => !seen.has(rule));
    for (const type of this.#givenBy(asked)) this.#matcher.prepare(type);
    this.#state = new SystemState(surroundings);
    this.#printer = new AlertPrinter(syscallSource, ({ raw }) => raw.time, surroundings.hostname);
    this.#sensor = new BpfSensor({ types: new Set(asked) });
    for (const record of this.#sensor.processes) this.#state.seed(record);
    this.#pass();
  }

  /** Events since the start, and those that were lost. */
  get counts(): { readonly events: number; readonly lost: number } {
    return { events: this.#sensor.events, lost: total(this.#lost) };
  }

  /** Takes what still waits, then the programs away. Idempotent. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    this.#read();
    this.#tellLost();
    this.#sensor.close();
  }

  #givenBy(names: readonly string[]): number[] {
    return names.filter((name) => bpfTypes.has(name)).map((name) => eventTypes.indexOf(name));
  }

  #pass(): void {
    const count = this.#read();
    if (performance.now() - this.#lostReadAt > 1000) this.#tellLost();
    this.#timer =
      count === batchSize ? setImmediate(() => this.#pass()) : setTimeout(() => this.#pass(), idleMs);
  }

  #read(): number {
    return this.#sensor.read(batchSize, (raw) => {
      const event = this.#state.apply(raw);
      const rule = this.#matcher.first(event);
      if (rule !== undefined) this.#sink.alert(this.#printer.alert(rule, event));
    });
  }

  #tellLost(): void {
    this.#lostReadAt = performance.now();
    const now = this.#sensor.lost();
    const before = this.#lost;
    this.#lost = now;
    const more = [...now].map(([type, count]) => [type, count - (before.get(type) ?? 0)] as const);
    const news = new Map(more.filter(([, count]) => count > 0));
    if (news.size > 0) this.#sink.lost(news);
  }
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
}
