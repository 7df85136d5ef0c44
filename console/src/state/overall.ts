import type { HealthItem, Status } from '../../../src/agent/status.ts';
import type { AlertSeverity } from '../../../src/detect/detector.ts';
import { formatCount, formatNoun } from '../parts/format.ts';
import type { Connection } from './connection.ts';

/** The one answer to "is anything wrong?". `unknown`: the page cannot know now. */
export interface Overall {
  readonly state: 'well' | 'attention' | 'failing' | 'unknown';
  /** One sentence with its full stop. */
  readonly sentence: string;
  /** The agent's conditions that are not in order, the gravest first. */
  readonly conditions: readonly HealthItem[];
}

/**
 * Returns whether anything is wrong, from what the agent says of itself and from its open alerts. A contact that is lost is never
 * taken for "all well".
 */
export function overall(
  status: Status | undefined,
  connection: Connection,
  gravest: AlertSeverity | undefined,
): Overall {
  if (!status) {
    return connection === 'connecting'
      ? { state: 'unknown', sentence: 'Asking the agent how things are.', conditions: [] }
      : { state: 'unknown', sentence: 'The agent does not answer.', conditions: [] };
  }
  const conditions = status.health
    .filter((item) => item.state !== 'ok')
    .sort((one, other) => Number(other.state === 'failing') - Number(one.state === 'failing'));
  if (connection === 'offline' || connection === 'stale') {
    return {
      state: 'unknown',
      sentence: 'The agent cannot be reached. What is below is how it was.',
      conditions,
    };
  }
  const failing = conditions.filter((item) => item.state === 'failing').length;
  if (failing > 0) {
    return {
      state: 'failing',
      sentence: `${formatNoun(failing, 'part')} of Picket ${failing === 1 ? 'is' : 'are'} failing.`,
      conditions,
    };
  }
  const { open } = status.alerts;
  if (open > 0) return { state: 'attention', sentence: alertSentence(open, gravest), conditions };
  if (conditions.length > 0) {
    return {
      state: 'attention',
      sentence: `No open alerts, but ${formatNoun(conditions.length, 'condition')} to look at.`,
      conditions,
    };
  }
  return { state: 'well', sentence: 'All is well.', conditions };
}

function alertSentence(open: number, gravest: AlertSeverity | undefined): string {
  if (open === 1) return `One open ${gravest ?? ''} alert needs your attention.`.replace('  ', ' ');
  return `${formatCount(open)} open alerts need your attention${gravest ? `, the gravest is ${gravest}` : ''}.`;
}
