import type { ExceptionStatus } from '../detect/settings/exceptions.ts';
import type { SensorCounters } from '../flow/kernel-batch.ts';
import type { StoreHealth } from '../store/store.ts';
import type { FlowExportStatus } from './flow-exports.ts';
import type { FlowSourceStatus } from './flow-sources.ts';
import type { IncidentStatus } from './incidents.ts';
import type { RulesStatus } from './rules/rule-alerts.ts';

/** Version of every JSON shape under /api/v1; grows when a field changes its meaning or goes. */
export const apiSchemaVersion = 1;

/** A named condition of the agent; front ends render these values and never invent their own. */
export interface HealthItem {
  /** Stable id, e.g. `sensor-tracefs`, `events-lost`, `store`, `manifests`. */
  readonly id: string;
  readonly state: 'ok' | 'warning' | 'failing';
  /** One sentence. */
  readonly text: string;
  /** What to do about it, when something can be done. */
  readonly help?: string;
}

/** The body of /api/v1/status. */
export interface Status {
  readonly schemaVersion: typeof apiSchemaVersion;
  readonly version: string;
  readonly site: string;
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly now: number;
  readonly mode: 'observe';
  readonly health: readonly HealthItem[];
  readonly posture: {
    readonly files: number;
    readonly workloads: number;
    readonly policies: number;
    readonly hosts: number;
    readonly errors: number;
    readonly warnings: number;
  };
  readonly sensors: readonly {
    readonly id: string;
    readonly state: 'running' | 'unavailable' | 'failed';
    readonly detail: string;
    readonly counters: SensorCounters;
  }[];
  readonly flows: {
    readonly active: number;
    readonly total: number;
    /** Entries dropped because the table was full. */
    readonly evicted: number;
    readonly allowed: number;
    readonly denied: number;
    readonly unknown: number;
  };
  readonly alerts: { readonly open: number; readonly total: number };
  /** Only where incidents are made of alerts. */
  readonly incidents?: IncidentStatus;
  readonly detectors: readonly {
    readonly id: string;
    readonly stateBytes: number;
    readonly evicted: number;
  }[];
  /** What the site file lets nobody hear of, and how much that was; only where there are exceptions. */
  readonly exceptions?: readonly ExceptionStatus[];
  /** Only where rules are asked. */
  readonly rules?: RulesStatus;
  /** Sources of whole flows, only where there are some; they stand among the sensors, too. */
  readonly flowSources?: readonly FlowSourceStatus[];
  /** Collectors to which flows are sent, only where there are some. */
  readonly flowExports?: readonly FlowExportStatus[];
  readonly store: StoreHealth;
  /** Subscribers of the event stream, and messages dropped for slow ones. */
  readonly stream: { readonly subscribers: number; readonly dropped: number };
}
