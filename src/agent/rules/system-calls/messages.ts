import type { RuleAlert } from '../../../rules/format/alert.ts';
import type { RuleSet } from '../../../rules/rule-set.ts';
import type { EventSensorKind } from '../../../sensor/event-sensor.ts';
import type { RecordingStatus } from '../../../store/recording/recording-file.ts';
import type { CorrelationsStatus } from '../correlations-status.ts';

/** What the worker is started with. */
export interface WorkerSetup extends Pick<RuleSet, 'rules' | 'correlations'> {
  readonly matching: 'first' | 'all';
  readonly hostname: string;
  /** Values of `static.NAME`, by name. */
  readonly staticFields: ReadonlyMap<string, string>;
  /** In outputs (`buffer_format_base64`). */
  readonly bytesAsBase64: boolean;
  readonly sensor: EventSensorKind | 'auto';
  /** Bytes of the kernel's ring buffer. */
  readonly ringBytes?: number;
  /** Where the container engine listens, or `none` to ask none; without it, the usual places are tried. */
  readonly criSocket?: string | undefined;
  /** Where events are recorded. */
  readonly record?: RecordRequest | undefined;
}

/** Where events are recorded, and how many bytes of the newest are kept. */
export interface RecordRequest {
  readonly path: string;
  readonly maxBytes: number;
}

/** Since the start. */
export interface Counts {
  readonly events: number;
  readonly lost: number;
  readonly undecodable: number;
  /** Events of containers of which the engine had not told in time. */
  readonly incomplete: number;
  /** Threads and descriptors that were forgotten because a table was full. */
  readonly evicted: number;
  readonly correlations?: CorrelationsStatus;
  readonly recording?: RecordingStatus;
}

/** `acknowledge`: one batch has been taken. */
export type ToWorker = { readonly type: 'acknowledge' } | { readonly type: 'stop' };

export type FromWorker =
  | {
      readonly type: 'started';
      /** How many rules are asked. */
      readonly rules: number;
      readonly sensor: EventSensorKind;
      /** Why it is not the better one; undefined when it is. */
      readonly insteadBecause: string | undefined;
      /** The container engine that is asked, and where it listens; undefined where none is. */
      readonly containers: string | undefined;
      /** Why no engine is asked, where one was named or should be there. */
      readonly containersMissing: string | undefined;
    }
  /** The machine does not let it; the message is for the user. */
  | { readonly type: 'refused'; readonly message: string }
  | {
      readonly type: 'batch';
      readonly alerts: readonly RuleAlert[];
      readonly counts: Counts;
      /** Events that the kernel had no room for since the last batch, by type. */
      readonly lost: ReadonlyMap<string, number>;
      /** Sentences for who watches. */
      readonly notices: readonly string[];
    };
