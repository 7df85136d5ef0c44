import { defaultAlertOptions, type RuleAlert } from '../rules/format/alert.ts';
import { type AlertRecord, alertRecord } from './alert-record.ts';

/** The n-th of a row of alerts, as a rule raises it. */
export function ruleAlert(n: number, { source = 'syscall', rule = 'Shell', padding = 0 } = {}): RuleAlert {
  return {
    rule: { name: rule, source, priority: 'Warning', tags: [] },
    time: 1_700_000_000_000_000_000n + BigInt(n),
    hostname: 'edge-1',
    message: `shell number ${n}${'.'.repeat(padding)}`,
    fields: new Map([['n', String(n)]]),
  };
}

/** The same as it goes to outputs. */
export function alert(n: number, options: Parameters<typeof ruleAlert>[1] = {}): AlertRecord {
  return alertRecord(ruleAlert(n, options), defaultAlertOptions, `0123456789abcdef-${n}`);
}
