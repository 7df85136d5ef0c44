import type { AlertSeverity } from '../detect/detector.ts';
import type { Limit } from '../manifest/host-firewall/values.ts';

/** What may cause a response: an alert, or an incident of several. Times: ms since the epoch. */
export interface Trigger {
  readonly alertId: string;
  readonly incidentId?: string;
  readonly detector: string;
  readonly severity: AlertSeverity;
  /** How sure and how bad it is together, where that was worked out. */
  readonly score?: number;
  readonly title: string;
  /** When it began: what was seen before is no part of it. */
  readonly since: number;
  readonly at: number;
  /** The ends by their addresses, as text; absent where there is not exactly one. */
  readonly source?: string;
  readonly destination?: string;
  /** Who it is about, where that is an address. */
  readonly entity?: string;
  readonly workload?: string;
  readonly process?: { readonly pid: number; readonly comm: string };
  /** Names of the tactics seen, in the order of time. */
  readonly stages: readonly string[];
}

/** What is to be done, exactly. */
export type Action =
  /** Drop everything from and to a prefix. */
  | { readonly kind: 'block'; readonly prefix: string; readonly seconds: number }
  /** Let pass only so many packets from an address. */
  | {
      readonly kind: 'limit';
      readonly prefix: string;
      readonly rate: Pick<Limit, 'count' | 'period' | 'burst'>;
      readonly seconds: number;
    };

export type ActionKind = Action['kind'];

/** What an action cuts off from conversations of the last days that began before the attack did. */
export interface BlastRadius {
  /** Conversations that were looked at, and those cut. */
  readonly conversations: number;
  readonly cut: number;
  /** Peers that had them. */
  readonly peers: number;
  /** The first of them, as text. */
  readonly examples: readonly string[];
  /** Conversations that were not looked at, because there are more. */
  readonly unseen: number;
  /** Absent where flows could be read; else why not. */
  readonly unknown?: string;
}

/**
 * proposed: a dry run; told, and nothing else. waiting: for the answer of a person. refused: not done, see `why`. applying: the undo
 * record is on disk, and the change may be in force for its probation. applied: in force, until `expiresAt`. failed: it could not be done, nothing is
 * left of it. undone: taken back before its time. expired: ended by itself.
 */
export type ResponseState =
  | 'proposed'
  | 'waiting'
  | 'refused'
  | 'applying'
  | 'applied'
  | 'expired'
  | 'undone'
  | 'failed';

/** One action that was thought of, with everything that became of it. Times: ms since the epoch. */
export interface Response {
  /** `r1`, `r2`, …: unique within one audit log. */
  readonly id: string;
  readonly action: Action;
  /** E.g. `block 198.51.100.7 for 1h`. */
  readonly title: string;
  readonly playbook: string;
  /** What caused it. */
  readonly owner: Pick<Trigger, 'alertId' | 'incidentId' | 'detector' | 'severity' | 'title'>;
  /** Why it is thought of, in a sentence. */
  readonly reason: string;
  /** What is there of it before and after, as the target takes it. */
  readonly before: string;
  readonly after: string;
  /** What takes it back. */
  readonly undo: string;
  /** Absent where it was refused before that was looked at. */
  readonly blast?: BlastRadius;
  readonly state: ResponseState;
  /** Of refused, failed, undone: why. */
  readonly why?: string;
  /** Who answered, or ended it: a user, `picket`, `kernel`. */
  readonly by?: string;
  readonly decidedAt: number;
  /** Of waiting: no answer until then is a no. */
  readonly answerBy?: number;
  readonly appliedAt?: number;
  readonly expiresAt?: number;
  readonly endedAt?: number;
}

/** Tells whether nothing more can become of a response. */
export function hasEnded({ state }: Pick<Response, 'state'>): boolean {
  return state !== 'waiting' && state !== 'applying' && state !== 'applied';
}
