import type { AlertOptions } from '../rules/format/alert.ts';
import type { Priority } from '../rules/rule-set.ts';
import { type AlertRecord, alertRecord } from './alert-record.ts';

/** What Picket has to say of its own alerts, in their stream. */
export interface InternalAlert {
  readonly id: string;
  readonly rule: string;
  readonly priority: Priority;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | Readonly<Record<string, number>>>>;
  /** ms since the epoch. */
  readonly now: number;
  readonly hostname: string;
}

/** Returns a record of source `internal`, as Falco gives its own messages. */
export function internalAlert(alert: InternalAlert, options: AlertOptions): AlertRecord {
  const { id, rule, priority, message, fields, now, hostname } = alert;
  return alertRecord(
    {
      rule: { name: rule, source: 'internal', priority, tags: [] },
      time: BigInt(Math.round(now)) * 1_000_000n,
      hostname,
      message,
      fields: new Map(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)])),
    },
    options,
    id,
  );
}
