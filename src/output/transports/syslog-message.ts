import { hostname } from 'node:os';
import { priorities } from '../../rules/rule-set.ts';
import type { AlertRecord } from '../alert-record.ts';
import { lineOf } from '../transport.ts';

/** `user`, as Falco has it (RFC 5424 §6.2.1). */
const facility = 1;

/** Returns the severity, 0 (emergency) to 7 (debug). */
export function severityOf({ priority }: AlertRecord): number {
  return priorities.indexOf(priority);
}

/** Returns the alert as a message of RFC 5424, microseconds being the finest that it has. */
export function syslogMessage(record: AlertRecord, isJson: boolean, processId: number): Buffer {
  const time = record.time.replace(/(\.\d{6})\d*Z$/, '$1Z');
  const host = (record.hostname || hostname()).replace(/[^\x21-\x7e]/g, '').slice(0, 255) || '-';
  const head = `<${facility * 8 + severityOf(record)}>1 ${time} ${host} picket ${processId} alert -`;
  return Buffer.from(`${head} ${lineOf(record, isJson)}`);
}
