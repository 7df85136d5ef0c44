import type { RuleAlert } from '../../../rules/format/alert.ts';
import type { Rule } from '../../../rules/rule-set.ts';

/** What the worker is started with. */
export interface WorkerSetup {
  readonly rules: readonly Rule[];
  readonly matching: 'first' | 'all';
  readonly hostname: string;
  /** Bytes of the kernel's ring buffer. */
  readonly ringBytes?: number;
}

/** Since the start. */
export interface Counts {
  readonly events: number;
  readonly lost: number;
  readonly undecodable: number;
}

/** `acknowledge`: one batch has been taken. */
export type ToWorker = { readonly type: 'acknowledge' } | { readonly type: 'stop' };

export type FromWorker =
  | {
      readonly type: 'started';
      /** How many rules are asked. */
      readonly rules: number;
      /** Names of rules none of whose types of events the sensor gives. */
      readonly unseen: readonly string[];
    }
  /** The machine does not let it; the message is for the user. */
  | { readonly type: 'refused'; readonly message: string }
  | {
      readonly type: 'batch';
      readonly alerts: readonly RuleAlert[];
      readonly counts: Counts;
      /** Events that the kernel had no room for since the last batch, by type. */
      readonly lost: ReadonlyMap<string, number>;
    };
