import { defaultAlertOptions } from '../rules/format/alert.ts';
import { type AlertRecord, alertRecord } from './alert-record.ts';

/** The n-th of a row of alerts. */
export function alert(n: number, { source = 'syscall', rule = 'Shell', padding = 0 } = {}): AlertRecord {
  return alertRecord(
    {
      rule: { name: rule, source, priority: 'Warning', tags: [] },
      time: 1_700_000_000_000_000_000n + BigInt(n),
      hostname: 'edge-1',
      message: `shell number ${n}${'.'.repeat(padding)}`,
      fields: new Map([['n', String(n)]]),
    },
    defaultAlertOptions,
    `0123456789abcdef-${n}`,
  );
}
