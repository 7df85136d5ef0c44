import { effect, signal } from '@preact/signals';
import { formatNoun } from '../parts/format.ts';
import { plain } from '../parts/plain.ts';
import { newestArrival } from './alerts.ts';

/** Shortest time between two announcements, ms: a screen reader shall not be drowned by a storm of alerts. */
const announceEvery = 5000;

/** The text of the page's live region. */
export const announcement = signal('');

/** Announces new alerts, several that come together as one sentence. */
export function startAnnouncing(): void {
  let announced = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = Number.NEGATIVE_INFINITY;
  const speak = () => {
    timer = undefined;
    last = Date.now();
    const newest = newestArrival.peek();
    if (!newest) return;
    const fresh = newest.arrived - announced;
    announced = newest.arrived;
    const title = plain(newest.alert.title);
    announcement.value =
      fresh === 1
        ? `New ${newest.alert.severity} alert: ${title}`
        : `${formatNoun(fresh, 'new alert')}, the latest: ${title}`;
  };
  effect(() => {
    if (!newestArrival.value || timer !== undefined) return;
    timer = setTimeout(speak, Math.max(0, last + announceEvery - Date.now()));
  });
}
