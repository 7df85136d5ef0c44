import { stringify } from 'yaml';
import type { Incident } from '../../incident/incident.ts';

/** How long an exception holds unless somebody changes it, ms: long enough not to be in the way, short enough to be looked at again. */
const lastingMs = 90 * 24 * 3_600_000;
/** Exceptions that one incident gives at most. */
const maxExceptions = 16;

/**
 * Returns the text to paste into the site file so that alerts like those of a false positive are not raised again: one exception for each
 * detector and who it told of. `now` in ms since the epoch.
 */
export function exceptionText({ alerts }: Incident, reason: string, now: number): string {
  const until = new Date(now + lastingMs).toISOString().slice(0, 10);
  const items = alerts.map(({ detector, entity }) => ({
    detector,
    filter: `entity=${quoted(entity)}`,
    reason,
    until,
  }));
  const distinct = [...new Map(items.map((item) => [`${item.detector} ${item.filter}`, item])).values()];
  return stringify({ detect: { exceptions: distinct.slice(0, maxExceptions) } }, { lineWidth: 0 });
}

/** A value of the filter grammar: in quotes unless it is plain. What quotes cannot hold, and what was cut off, is a wildcard. */
function quoted(text: string): string {
  return /^[\w.:/@-]+$/.test(text) ? text : `"${text.replaceAll('"', '*').replace(/…$/, '*')}"`;
}
