import type { RuleAlert } from '../../rules/format/alert.ts';
import type { RecordingStatus } from '../../store/recording/recording-file.ts';
import type { CorrelationsStatus } from './correlations-status.ts';

/** Where alerts of rules go, whatever the rules were asked of. */
export interface RuleAlertSink {
  alert(alert: RuleAlert): void;
  /** One sentence for who watches: what may have been missed, and why. */
  warn(text: string): void;
}

/** How one source of events for rules is. */
export interface RuleSourceStatus {
  /** `syscall`, `k8s_audit` or `falco`. */
  readonly id: string;
  readonly state: 'running' | 'failed';
  /** What it reads, or why it no longer does. */
  readonly detail: string;
  /** Rules that are asked of its events. */
  readonly rules: number;
  /** Since the start. */
  readonly events: number;
  /** Events that were there and not seen, exactly. */
  readonly lost: number;
  /** What came and could not be read as an event. */
  readonly undecodable: number;
  /** Events of containers of which the engine had not told in time; undefined where that cannot be. */
  readonly incomplete?: number;
  /** Threads and descriptors that were forgotten because a table was full; undefined where there are no such tables. */
  readonly evicted?: number;
  /** Rules over several events; undefined where there are none. */
  readonly correlations?: CorrelationsStatus;
  /** Where its events are recorded. */
  readonly recording?: RecordingStatus;
}

/** One way in which rules get their events: system calls of this machine, audit events of Kubernetes, alerts of a Falco. */
export interface RuleSource {
  status(): RuleSourceStatus;
  /** Hands on what waits, then lets go of everything. Idempotent. */
  stop(): Promise<void>;
}
