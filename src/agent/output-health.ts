import type { OutputState } from '../output/output.ts';
import type { HealthItem } from './status.ts';

/** ms that a receiver may be away before it is told: it takes longer than a restart. */
const patience = 60_000;

/** Judges the outputs of alerts as one condition; `now` in ms since the epoch. */
export function outputHealth(outputs: readonly OutputState[], now: number): HealthItem {
  const id = 'outputs';
  const down = outputs.filter(({ downSince }) => downSince !== undefined && now - downSince >= patience);
  if (down.some(({ dropped }) => dropped > 0)) {
    return {
      id,
      state: 'failing',
      text: down.map((output) => trouble(output, now)).join('; '),
      help: 'alerts are being lost: bring the receiver back, or give the alerts another output',
    };
  }
  if (down.length > 0) {
    return {
      id,
      state: 'warning',
      text: down.map((output) => trouble(output, now)).join('; '),
      help: 'alerts wait and go out in order when the receiver is back',
    };
  }
  const refused = outputs.filter(({ deadLettered }) => deadLettered > 0);
  if (refused.length > 0) {
    return {
      id,
      state: 'warning',
      text: refused
        .map(({ kind, target, deadLettered, lastError }) => {
          const why = lastError === undefined ? '' : ` (${lastError})`;
          return `${kind} ${target} refused ${alerts(deadLettered)} for good${why}`;
        })
        .join('; '),
      help: 'they lie in dead.jsonl of the spool',
    };
  }
  if (outputs.length === 0) return { id, state: 'ok', text: 'alerts of rules go to no output' };
  const lost = outputs.reduce((sum, { dropped }) => sum + dropped, 0);
  const disk = outputs.find(({ diskErrors }) => diskErrors > 0)?.lastDiskError;
  const earlier = [
    ...(lost > 0 ? [`${alerts(lost)} lost earlier`] : []),
    ...(disk === undefined ? [] : [`the disk of a spool failed earlier (${disk})`]),
  ];
  const names = outputs.map(({ kind }) => kind).join(', ');
  return { id, state: 'ok', text: [`alerts of rules go to ${names}`, ...earlier].join('; ') };
}

function trouble(
  { kind, target, waiting, dropped, lastError, downSince = 0 }: OutputState,
  now: number,
): string {
  const lost = dropped > 0 ? `, ${alerts(dropped)} lost` : '';
  const seconds = Math.round((now - downSince) / 1000);
  return `${kind} ${target} takes nothing for ${seconds} s (${lastError ?? 'no reason told'}), ${alerts(waiting)} waiting${lost}`;
}

const alerts = (count: number) => `${count} alert${count === 1 ? '' : 's'}`;
