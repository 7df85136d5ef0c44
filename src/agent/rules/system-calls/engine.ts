import { eventTypes } from '../../../event/event-types.ts';
import type { Surroundings } from '../../../event/state/process-table.ts';
import { SystemState } from '../../../event/state/system-state.ts';
import { syscallSource } from '../../../event/syscall-source.ts';
import type { SystemEvent } from '../../../event/system-event.ts';
import { compileRules, type RuleMatcher } from '../../../rules/compile/compile.ts';
import { AlertPrinter, type RuleAlert } from '../../../rules/format/alert.ts';
import type { Rule } from '../../../rules/rule-set.ts';
import { BpfSensor, bpfTypes } from '../../../sensor/bpf.ts';
import { LossLog } from '../../loss-log.ts';
import type { Counts, WorkerSetup } from './messages.ts';

/** How long before an alert a loss still casts doubt on it, ms: what it follows from may have been among it. */
const doubtMs = 60_000;

/** How often the kernel is asked what it had no room for, ms; with each alert besides. */
const lostEveryMs = 1_000;
const nothing: ReadonlyMap<string, number> = new Map();

/** What one turn came to. */
export interface Pass {
  /** Events that were read. */
  readonly count: number;
  readonly alerts: readonly RuleAlert[];
  /** Events that the kernel had no room for since it was last asked, by type. */
  readonly lost: ReadonlyMap<string, number>;
}

/** Rules of system calls, asked of what happens on this machine, whenever {@link pass} is called. */
export class SystemCallEngine {
  /** Rules all of whose types of events the sensor does not give. */
  readonly unseen: readonly Rule[];
  readonly #sensor: BpfSensor;
  readonly #state: SystemState;
  readonly #matcher: RuleMatcher<SystemEvent>;
  readonly #printer: AlertPrinter<SystemEvent>;
  readonly #ask: (event: SystemEvent) => readonly Rule[];
  readonly #losses = new LossLog();
  #lost = nothing;
  #lostReadAt = 0;

  /** Sees from now on. Throws an Error with a message for the user when the machine does not let it. */
  constructor(
    { rules, matching, hostname, ringBytes }: WorkerSetup,
    surroundings: Omit<Surroundings, 'hostname'>,
  ) {
    const matcher = compileRules(rules, syscallSource);
    this.#matcher = matcher;
    const asked = eventTypes.filter((_, type) => matcher.isAsked(type));
    const given = asked.filter((name) => bpfTypes.has(name)).map((name) => eventTypes.indexOf(name));
    const seen = new Set(given.flatMap((type) => matcher.rulesFor(type)));
    this.unseen = matcher.rules.filter((rule) => !seen.has(rule));
    for (const type of given) matcher.prepare(type);
    this.#ask = matching === 'all' ? (event) => matcher.all(event) : (event) => oneOf(matcher.first(event));
    this.#state = new SystemState({ ...surroundings, hostname });
    this.#printer = new AlertPrinter(syscallSource, ({ raw }) => raw.time, hostname);
    this.#sensor = new BpfSensor({
      types: new Set(asked),
      ...(ringBytes !== undefined && { ringBytes }),
    });
    for (const record of this.#sensor.processes) this.#state.seed(record);
  }

  /** Rules that are asked. */
  get rules(): number {
    return this.#matcher.rules.length;
  }

  get counts(): Counts {
    return { events: this.#sensor.events, lost: total(this.#lost), undecodable: this.#sensor.undecodable };
  }

  /** Asks the rules of at most `most` events that wait. `now`: ms since the epoch. */
  pass(most: number, now: number): Pass {
    const alerts: RuleAlert[] = [];
    const count = this.#sensor.read(most, (raw) => {
      const event = this.#state.apply(raw);
      for (const rule of this.#ask(event)) alerts.push(this.#printer.alert(rule, event));
    });
    const isDue = alerts.length > 0 || now - this.#lostReadAt >= lostEveryMs;
    const lost = isDue ? this.#readLost(now) : nothing;
    return { count, alerts: this.#losses.total === 0 ? alerts : alerts.map((one) => this.#doubted(one)), lost };
  }

  /** Takes the programs away. Idempotent. */
  close(): void {
    this.#sensor.close();
  }

  #readLost(now: number): ReadonlyMap<string, number> {
    const before = this.#lost;
    this.#lost = this.#sensor.lost();
    this.#lostReadAt = now;
    this.#losses.note('kernel', total(this.#lost), now);
    const more = [...this.#lost].map(([type, count]) => [type, count - (before.get(type) ?? 0)] as const);
    return new Map(more.filter(([, count]) => count > 0));
  }

  /** An alert with how much was lost shortly before it, and since. */
  #doubted(alert: RuleAlert): RuleAlert {
    const at = Number(alert.time / 1_000_000n);
    const lost = this.#losses.between(at - doubtMs, Number.MAX_SAFE_INTEGER);
    return lost > 0 ? { ...alert, lost } : alert;
  }
}

const none: readonly Rule[] = [];

function oneOf(rule: Rule | undefined): readonly Rule[] {
  return rule === undefined ? none : [rule];
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
}
