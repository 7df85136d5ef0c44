import type { Alert } from '../detect/detector.ts';
import { alertFromJson, alertToJson } from '../detect/json.ts';
import type { Flow } from '../flow/flow.ts';
import { flowFromJson, flowToJson } from '../flow/json.ts';
import type { Incident } from '../incident/incident.ts';
import { incidentFromJson, incidentToJson } from '../incident/json.ts';

/** Rows older than this are deleted unless told otherwise: 7 days, in ms. */
export const defaultMaxAge = 7 * 24 * 60 * 60 * 1000;

/** Incidents that were heard of last longer ago than this are deleted unless told otherwise: 400 days, in ms. */
export const defaultMaxIncidentAge = 400 * 24 * 60 * 60 * 1000;

/** What every engine must know of a kind of record. */
export interface RecordKind<T extends { readonly id: string }> {
  readonly name: 'flows' | 'alerts' | 'incidents';
  /** What makes a record the same one as before. */
  key(record: T): string;
  /** The time that `since`, `until` and retention go by, ms since the epoch. */
  time(record: T): number;
  /** True when a record that is replaced becomes the newest row; false when it keeps its row. */
  readonly renewed: boolean;
  /** Tells whether a record will not change any more, for kinds whose records then move elsewhere. */
  ended?(record: T): boolean;
  encode(record: T): string;
  /** Throws when `text` is not what `encode` wrote. */
  decode(text: string): T;
}

/** A flow stays where its opening put it, so that a page of flows does not shuffle while connections close. */
export const flowRecords: RecordKind<Flow> = {
  name: 'flows',
  // The parts of a long flow have its id, and stay side by side.
  key: ({ id, part = 1 }) => (part === 1 ? id : `${id} part ${part}`),
  time: (flow) => flow.openedAt,
  renewed: false,
  ended: ({ closedAt, endReason, awaitsCounts }) =>
    (closedAt !== undefined || endReason !== undefined) && awaitsCounts !== true,
  encode: (flow) => JSON.stringify(flowToJson(flow)),
  decode: (text) => flowFromJson(JSON.parse(text)),
};

/** An alert that repeats goes to the top again, and lives as long as it repeats. */
export const alertRecords: RecordKind<Alert> = {
  name: 'alerts',
  key: ({ id }) => id,
  time: (alert) => alert.lastAt,
  renewed: true,
  encode: (alert) => JSON.stringify(alertToJson(alert)),
  decode: (text) => alertFromJson(JSON.parse(text)),
};

/** An incident that goes on goes to the top again. */
export const incidentRecords: RecordKind<Incident> = {
  name: 'incidents',
  key: ({ id }) => id,
  time: (incident) => incident.lastAt,
  renewed: true,
  encode: (incident) => JSON.stringify(incidentToJson(incident)),
  decode: (text) => incidentFromJson(JSON.parse(text)),
};
