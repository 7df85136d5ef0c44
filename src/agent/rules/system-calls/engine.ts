import { eventTypes } from '../../../event/event-types.ts';
import type { RawEvent } from '../../../event/raw-event.ts';
import { type ContainerSource, ContainerWait } from '../../../event/state/container-wait.ts';
import { SystemState } from '../../../event/state/system-state.ts';
import { syscallSource } from '../../../event/syscall-source.ts';
import type { SystemEvent } from '../../../event/system-event.ts';
import type { Address } from '../../../net/address.ts';
import { askedHostNames } from '../../../rules/asked-host-names.ts';
import { patternsOf } from '../../../rules/correlate/tracker.ts';
import { RuleEngine } from '../../../rules/engine.ts';
import type { RuleAlert } from '../../../rules/format/alert.ts';
import { withBase64Bytes, withStaticFields } from '../../../rules/settings/settings-source.ts';
import type { EventSensor } from '../../../sensor/event-sensor.ts';
import type { HostNames } from '../../../sensor/host-names.ts';
import { LossLog } from '../../loss-log.ts';
import type { AskedSet } from '../asked-set.ts';
import { correlationsStatus } from '../correlations-status.ts';
import { ChangingSensor } from './changing-sensor.ts';
import { EventRecorder, type RecordedMachineNames } from './event-recorder.ts';
import type { Counts, WorkerSetup } from './messages.ts';
import { recordedTypes } from './recorded-types.ts';

/** How long before an alert a loss still casts doubt on it, ms: what it follows from may have been among it. */
const doubtMs = 60_000;
/** How often the kernel is asked what it had no room for, ms; with each alert besides. */
const lostEveryMs = 1_000;
/** Events of this age have all been read, where none wait; ms. */
const settledMs = 100;
/** A buffer that is so full is read at once, whatever is not known yet. */
const pressedFill = 0.5;
/** A turn ends soon after so many alerts: whoever takes them has other things to do, too. */
const mostAlerts = 100;
/** Events that are read between two looks at how many alerts there are. */
const readAtOnce = 100;
const nothing: ReadonlyMap<string, number> = new Map();

/** What one turn came to. */
export interface Pass {
  /** Events that were read. */
  readonly count: number;
  /** Whether there may be more to read at once. */
  readonly isMore: boolean;
  /** Whether events wait for what the container engine tells. */
  readonly isWaiting: boolean;
  readonly alerts: readonly RuleAlert[];
  /** Events that the kernel had no room for since it was last asked, by type. */
  readonly lost: ReadonlyMap<string, number>;
}

/** Names of what events have numbers for. */
export interface EngineNames extends Omit<RecordedMachineNames, 'hostname'> {
  readonly hosts: HostNames;
}

/** Rules of system calls, asked of what happens on this machine, whenever {@link pass} is called. */
export class SystemCallEngine {
  readonly #sensor: ChangingSensor;
  readonly #state: SystemState;
  readonly #hostname: string;
  readonly #hosts: HostNames;
  #rules: RuleEngine<SystemEvent>;
  readonly #recorder: EventRecorder | undefined;
  readonly #losses = new LossLog();
  readonly #containers: ContainerSource;
  readonly #wait: ContainerWait;
  /** An event that waits for what is known of its container, and those that were read behind it. */
  #held: SystemEvent | undefined;
  #behind: RawEvent[] = [];
  #lost = nothing;
  #lostReadAt = 0;

  /** Sees from now on. Throws an Error with a message for the user when the machine does not let it. */
  constructor(setup: WorkerSetup, { users, groups, hosts }: EngineNames, containers: ContainerSource) {
    const { hostname, sensor: kind, ringBytes, record } = setup;
    this.#hostname = hostname;
    this.#rules = this.#engine(setup);
    this.#containers = containers;
    this.#wait = new ContainerWait(containers);
    const container = (id: string) => containers.lookup(id);
    const hostNames = (address: Address) => hosts.of(address);
    const names = { userName: users.name, groupName: groups.name, hostNames };
    this.#state = new SystemState({ ...names, container, hostname });
    this.#hosts = hosts;
    const types = typesOf(this.#rules, record !== undefined);
    this.#sensor = new ChangingSensor(types, { kind, ...(ringBytes !== undefined && { ringBytes }) });
    for (const process of this.#sensor.processes) this.#state.seed(process);
    try {
      this.#recorder = record && new EventRecorder(record, this.#state, { hostname, users, groups });
    } catch (error) {
      this.#sensor.close();
      throw error;
    }
    this.#askHosts();
  }

  /** Why the sensor is not the better one; undefined when it is. */
  get insteadBecause(): string | undefined {
    return this.#sensor.insteadBecause;
  }

  /** Rules that are asked. */
  get rules(): number {
    return this.#rules.rules.length + this.#rules.correlations.length;
  }

  get sensor(): EventSensor['kind'] {
    return this.#sensor.kind;
  }

  get counts(): Counts {
    const { events, undecodable } = this.#sensor;
    const recording = this.#recorder?.status;
    const { incomplete } = this.#wait;
    const correlations = correlationsStatus(this.#rules);
    return {
      events,
      lost: total(this.#lost),
      undecodable,
      incomplete,
      evicted: this.#state.evictedThreads + this.#state.evictedDescriptors,
      ...(correlations && { correlations }),
      ...(recording && { recording }),
    };
  }

  /**
   * Asks the rules of at most about `most` events that wait, fewer where they raise many alerts. `now`: ms since the epoch. `isLast`: no event waits any longer for what is known of
   * its container.
   */
  pass(most: number, now: number, isLast = false): Pass {
    const alerts: RuleAlert[] = [];
    this.#goOn(alerts, isLast);
    let count = 0;
    let isMore = true;
    while (isMore && this.#held === undefined && count < most && alerts.length < mostAlerts) {
      const wanted = Math.min(readAtOnce, most - count);
      const read = this.#sensor.read(wanted, (raw) => {
        if (this.#held !== undefined) this.#behind.push(raw);
        else this.#take(raw, alerts, isLast);
      });
      count += read;
      isMore = read >= wanted;
    }
    const isWaiting = this.#held !== undefined;
    if (!isMore && !isWaiting) alerts.push(...this.#rules.tick(BigInt(now - settledMs) * 1_000_000n));
    const isDue = alerts.length > 0 || now - this.#lostReadAt >= lostEveryMs;
    const lost = isDue ? this.#readLost(now) : nothing;
    return {
      count,
      isMore,
      isWaiting,
      alerts: this.#losses.total === 0 ? alerts : alerts.map((one) => this.#doubted(one)),
      lost,
    };
  }

  /**
   * Asks other rules from now on; what happened before is asked of those before, and what processes are is kept. Returns the alerts of
   * these. Throws an Error when the machine does not let it: then the rules stay.
   */
  replace(asked: AskedSet): readonly RuleAlert[] {
    const alerts: RuleAlert[] = [];
    const next = this.#engine(asked);
    this.#goOn(alerts, true);
    this.#sensor.change(typesOf(next, this.#recorder !== undefined), (raw) => this.#take(raw, alerts, true));
    this.#rules = next;
    this.#askHosts();
    return alerts;
  }

  #engine({ rules, correlations, matching, staticFields, bytesAsBase64 }: AskedSet): RuleEngine<SystemEvent> {
    const source = withStaticFields(syscallSource, staticFields);
    const engine = new RuleEngine({ rules, correlations }, source, {
      timeOf: ({ raw }) => raw.time,
      hostname: this.#hostname,
      matching,
      printing: bytesAsBase64 ? withBase64Bytes : undefined,
    });
    for (const type of eventTypes.keys()) if (engine.isAsked(type)) engine.prepare(type);
    return engine;
  }

  /** Has the names looked up that rules ask for; until they are, addresses have none. */
  #askHosts(): void {
    const { rules, correlations } = this.#rules;
    const together = correlations.flatMap(({ asks }) => patternsOf(asks).map(({ condition }) => condition));
    void this.#hosts.ask(askedHostNames([...rules.map(({ condition }) => condition), ...together]));
  }

  /** Leaves nothing behind in the kernel, and a recording on the disk. Idempotent. */
  async close(): Promise<void> {
    this.#sensor.close();
    this.#hosts.close();
    await this.#recorder?.close();
  }

  /** Takes what waited, as far as it need not wait any longer. */
  #goOn(alerts: RuleAlert[], isLast: boolean): void {
    const event = this.#held;
    if (event === undefined || this.#mustWait(event, isLast)) return;
    this.#held = undefined;
    this.#ask(event, alerts);
    const behind = this.#behind;
    let at = 0;
    while (at < behind.length && this.#held === undefined)
      this.#take(behind[at++] as RawEvent, alerts, isLast);
    this.#behind = behind.slice(at);
  }

  #take(raw: RawEvent, alerts: RuleAlert[], isLast: boolean): void {
    this.#recorder?.prepare();
    const event = this.#state.apply(raw);
    if (this.#mustWait(event, isLast)) this.#held = event;
    else this.#ask(event, alerts);
  }

  #ask(event: SystemEvent, alerts: RuleAlert[]): void {
    if (this.#recorder !== undefined) {
      const { containerId } = event.thread;
      const container = containerId === 'host' ? undefined : this.#containers.lookup(containerId);
      this.#recorder.take(event, container);
    }
    const raised = this.#rules.take(event);
    if (raised.length > 0) alerts.push(...raised);
  }

  #mustWait({ thread }: SystemEvent, isLast: boolean): boolean {
    const { containerId } = thread;
    if (containerId === 'host') return false;
    // By far the most.
    if (this.#held === undefined && this.#containers.lookup(containerId) !== undefined) return false;
    const isPressed = isLast || this.#sensor.fill > pressedFill;
    return this.#wait.mustWait(containerId, performance.now(), isPressed);
  }

  #readLost(now: number): ReadonlyMap<string, number> {
    const before = this.#lost;
    this.#lost = this.#sensor.lost();
    this.#lostReadAt = now;
    this.#losses.note('kernel', total(this.#lost), now);
    const more = [...this.#lost].map(([type, count]) => [type, count - (before.get(type) ?? 0)] as const);
    const news = new Map(more.filter(([, count]) => count > 0));
    this.#recorder?.lost(news);
    if (this.#held === undefined) this.#recorder?.flush();
    return news;
  }

  /** An alert with how much was lost shortly before it, and since. */
  #doubted(alert: RuleAlert): RuleAlert {
    const at = Number(alert.time / 1_000_000n);
    const lost = this.#losses.between(at - doubtMs, Number.MAX_SAFE_INTEGER);
    return lost > 0 ? { ...alert, lost } : alert;
  }
}

/** Types of events that are to be given. */
function typesOf(rules: RuleEngine<SystemEvent>, isRecording: boolean): ReadonlySet<string> {
  const asked = eventTypes.filter((_, type) => rules.isAsked(type));
  return new Set(isRecording ? [...asked, ...recordedTypes] : asked);
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
}
