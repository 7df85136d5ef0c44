import type { RuleAlert } from '../../rules/format/alert.ts';
import type { RuleAlertSink } from './rule-source.ts';

/** A sink that keeps what it is given. */
export class KeptAlerts implements RuleAlertSink {
  readonly alerts: RuleAlert[] = [];
  readonly warnings: string[] = [];

  alert(alert: RuleAlert): void {
    this.alerts.push(alert);
  }

  warn(text: string): void {
    this.warnings.push(text);
  }

  get messages(): string[] {
    return this.alerts.map(({ message }) => message);
  }
}
