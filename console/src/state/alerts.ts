import { computed, signal } from '@preact/signals';
import type { AlertSeverity } from '../../../src/detect/detector.ts';
import type { AlertJson } from '../../../src/detect/json.ts';
import { fetchAlerts } from './api.ts';

/** Alerts held at most; the store keeps more. */
export const alertCapacity = 500;

const ranks: Readonly<Record<AlertSeverity, number>> = { critical: 0, high: 1, medium: 2, low: 3 };

const byId = signal<ReadonlyMap<string, AlertJson>>(new Map());

/** Whether the alerts were read at least once, and why not when the last attempt failed. */
export const alertsLoad = signal<'loading' | 'ready' | 'failed'>('loading');
/** The alert that arrived last over the stream and how many new ones have arrived since the page was opened. */
export const newestArrival = signal<{ readonly alert: AlertJson; readonly arrived: number } | undefined>(
  undefined,
);

/** Alerts, the one seen last first. */
export const alerts = computed(() =>
  [...byId.value.values()].sort((one, other) => other.lastAt - one.lastAt),
);

/** The gravest severity among the alerts held. */
export const gravest = computed<AlertSeverity | undefined>(
  () => alerts.value.map((alert) => alert.severity).sort((one, other) => ranks[one] - ranks[other])[0],
);

/** Takes an alert from the stream: a new one, or one that was seen again. */
export function takeAlert(alert: AlertJson): void {
  const isNew = !byId.value.has(alert.id);
  merge([alert]);
  if (isNew) newestArrival.value = { alert, arrived: (newestArrival.value?.arrived ?? 0) + 1 };
}

/** Reads the stored alerts. Never throws: a failure shows in {@link alertsLoad}. */
export async function loadAlerts(): Promise<void> {
  try {
    merge(await fetchAlerts(alertCapacity));
    alertsLoad.value = 'ready';
  } catch {
    if (alertsLoad.value === 'loading') alertsLoad.value = 'failed';
  }
}

function merge(added: readonly AlertJson[]): void {
  const next = new Map(byId.value);
  for (const alert of added) next.set(alert.id, alert);
  if (next.size > alertCapacity) {
    const oldestFirst = [...next.values()].sort((one, other) => one.lastAt - other.lastAt);
    for (const alert of oldestFirst.slice(0, next.size - alertCapacity)) next.delete(alert.id);
  }
  byId.value = next;
}
