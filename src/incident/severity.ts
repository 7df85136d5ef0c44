import type { AlertSeverity, FindingOutcome } from '../detect/detector.ts';

const severities: readonly AlertSeverity[] = ['low', 'medium', 'high', 'critical'];

/** Returns 0 for low up to 3 for critical. */
export function severityRank(severity: AlertSeverity): number {
  return severities.indexOf(severity);
}

/** Returns the graver of two severities. */
export function graver(one: AlertSeverity, other: AlertSeverity): AlertSeverity {
  return severityRank(one) >= severityRank(other) ? one : other;
}

const outcomes: readonly (FindingOutcome | undefined)[] = ['succeeded', undefined, 'failed', 'blocked'];

/** Returns what is worse for whom it was done to: that it worked, then that nobody knows, then that it failed or was blocked. */
export function worseOutcome(
  one: FindingOutcome | undefined,
  other: FindingOutcome | undefined,
): FindingOutcome | undefined {
  return outcomes.indexOf(one) <= outcomes.indexOf(other) ? one : other;
}
