import type { ZodType } from 'zod';
import type { LogObservation } from '../event/service-log/log-observation.ts';
import type { DnsMessage } from '../flow/dns-message.ts';
import type { Flow, FlowChange } from '../flow/flow.ts';
import type { Posture } from '../posture/posture.ts';
import type { PacketFilterState } from './packet-filter-state.ts';

/** A MITRE ATT&CK (Enterprise) technique. */
export interface Technique {
  readonly id: string;
  readonly name: string;
  readonly tactic: string;
}

export type AlertSeverity = 'critical' | 'high' | 'medium' | 'low';

/** One number or fact that made a detector fire. */
export interface Evidence {
  /** Short name, e.g. `ports tried`. */
  readonly name: string;
  /** The value as text, e.g. `22, 80, 443 and 97 more`. */
  readonly value: string;
  /** What would have been normal, when the detector has such a notion. */
  readonly expected?: string;
}

/** Entities that a finding names at most. */
export const maxEntities = 16;

/** What a finding can be about. All but `address` are names that something declares or that a kernel or API gives. */
export type EntityKind =
  | 'address'
  | 'workload'
  | 'service'
  | 'node'
  | 'host'
  | 'peer'
  | 'user'
  | 'process'
  | 'container'
  | 'domain';

/** Somebody or something that takes part in what was seen. */
export interface EntityRef {
  readonly kind: EntityKind;
  /**
   * As {@link Finding.entity} has it: `198.51.100.7`, `shop/frontend`. Users and processes of a machine name it too, since `root` is everywhere:
   * `alice@edge-1`, `curl[1234]@edge-1`.
   */
  readonly name: string;
  /** Who did it, or whom it was done to. */
  readonly role: 'actor' | 'target';
}

/**
 * How what was tried came out: it worked (logged in, connected, data went out), something that is meant to stop it did, or it came to
 * nothing by itself (refused, wrong password).
 */
export type FindingOutcome = 'succeeded' | 'blocked' | 'failed';

/** What a detector saw, once. Whether it repeats, and what to do about it, is decided elsewhere. */
export interface Finding {
  readonly detector: string;
  readonly severity: AlertSeverity;
  /** Event time, ms since the epoch. */
  readonly at: number;
  /** Who did it, e.g. `198.51.100.7` or `shop/frontend`. */
  readonly entity: string;
  /** All who take part, with their roles, at most {@link maxEntities}; where absent, `entitiesOf` takes them from `entity` and `flows`. */
  readonly entities?: readonly EntityRef[];
  /** When what was seen began, ms since the epoch, where that is before `at`. */
  readonly beganAt?: number;
  /** Absent where it is not known. */
  readonly outcome?: FindingOutcome;
  /** Same fingerprint = same thing again: folded into one alert with a count. */
  readonly fingerprint: string;
  /** How long after it a repeat is still the same thing, where that is another time than usual; ms. */
  readonly repeatsWithinMs?: number;
  readonly title: string;
  /** Plain sentences: what was seen, why that is wrong, which rule should have decided. */
  readonly explanation: string;
  readonly evidence: readonly Evidence[];
  readonly techniques: readonly Technique[];
  /** Example flows, at most 8; none of what was not seen in flows. */
  readonly flows: readonly Flow[];
}

/** A finding with its repeats folded in. */
export interface Alert extends Finding {
  readonly id: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  /** Sensor records lost between `firstAt` and `lastAt` (and shortly before): the picture may be incomplete. */
  readonly lost: number;
  /** Id of the incident that it belongs to, as soon as that is known. */
  readonly incident?: string;
}

/** A detector at work. Deterministic: the same records give the same findings. Memory is bounded. */
export interface RunningDetector {
  /** Told what is declared, before anything else and again when that changes. Flows carry names and verdicts already. */
  onPosture?(posture: Posture): void;
  onFlow?(flow: Flow, change: FlowChange): readonly Finding[];
  /** Called for each question and answer of DNS, where packets are seen. Flows of the same time may come before or after. */
  onDns?(message: DnsMessage): readonly Finding[];
  /** Called for each thing that logs of services tell of, where they are read; in the order of each log. */
  onLog?(seen: LogObservation): readonly Finding[];
  /** Called when the kernel was asked for the packet filter that Picket keeps there. */
  onPacketFilter?(state: PacketFilterState): readonly Finding[];
  /** Called about once a second with event time, also when nothing happens. */
  onTick?(now: number): readonly Finding[];
  /** Told of each finding that becomes an alert, of every detector: what somebody does under alert is not to be learned as usual. */
  onFinding?(finding: Finding): void;
  /** Approximate bytes of state held now. */
  stateBytes(): number;
  /** Entries dropped so far because a table was full. */
  evicted(): number;
}

/** The option by which a detector becomes more or less sensitive, for `picket backtest`. */
export interface DetectorThreshold {
  readonly option: string;
  /** Values worth trying, the most sensitive first; the preset is among them. */
  readonly values: readonly number[];
  /** For how long, after a host is first seen, it is learned and nothing can be told of it; ms. Default 0. */
  readonly learnsMs?: number;
}

/** One file exports one definition; `registry.ts` lists it. */
export interface DetectorDefinition<Options = unknown> {
  readonly id: string;
  readonly title: string;
  readonly since: string;
  readonly techniques: readonly Technique[];
  readonly options: ZodType<Options>;
  /** Absent where nothing of the kind decides. */
  readonly threshold?: DetectorThreshold;
  /** Markdown: what it sees, how it decides (with the source), what it cannot see, its memory bound. */
  readonly doc: string;
  create(options: Options): RunningDetector;
}
