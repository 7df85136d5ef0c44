import { computed, signal } from '@preact/signals';
import type { AlertJson } from '../../../src/detect/json.ts';
import { loadAlerts, takeAlert } from './alerts.ts';
import { now } from './clock.ts';
import { loadFlows, missedMessages, takeFlow } from './flows.ts';
import { heard, lastContact, loadStatus, takeStatus } from './status.ts';

/**
 * How the page stands with the agent. stale: the stream is open but nothing has come for long.
 * reconnecting: contact was lost just now. offline: it has been lost for longer than a restart takes.
 */
export type Connection = 'connecting' | 'live' | 'stale' | 'reconnecting' | 'offline';

/** Contact is asked for when nothing has come for this long, ms. */
const quietAfter = 5000;
/** An open stream on which nothing has come for this long is stale; a lost one is offline. ms. */
const patience = 12_000;
const firstRetry = 500;
const longestRetry = 8000;

const streamOpen = signal(false);
const openedPageAt = Date.now();

/** How the page stands with the agent now. */
export const connection = computed<Connection>(() => {
  const silence = now.value - (lastContact.value ?? openedPageAt);
  if (streamOpen.value) return silence > patience ? 'stale' : 'live';
  if (silence > patience) return 'offline';
  return lastContact.value === undefined ? 'connecting' : 'reconnecting';
});

let source: EventSource | undefined;
let retry = firstRetry;
let asking = false;

/** Opens the event stream and keeps it open; everything that was missed is read after each connect. */
export function startConnection(): void {
  connect();
  setInterval(keepInTouch, 1000);
}

/** Tries at once instead of after the current wait. */
export function connectNow(): void {
  retry = firstRetry;
  connect();
}

function connect(): void {
  source?.close();
  const stream = new EventSource('/api/v1/stream');
  source = stream;
  stream.onopen = () => {
    retry = firstRetry;
    streamOpen.value = true;
    heard();
    resynchronise();
  };
  stream.onerror = () => lost(stream);
  on(stream, 'flow', takeFlow);
  on<AlertJson>(stream, 'alert', takeAlert);
  on(stream, 'status', takeStatus);
  on<{ count: number | null }>(stream, 'dropped', ({ count }) => {
    missedMessages.value += count ?? 0;
    resynchronise();
  });
}

function on<T>(stream: EventSource, name: string, take: (value: T) => void): void {
  stream.addEventListener(name, (event) => {
    heard();
    take(JSON.parse(event.data) as T);
  });
}

function lost(stream: EventSource): void {
  stream.close();
  if (stream !== source) return;
  streamOpen.value = false;
  setTimeout(() => {
    if (stream === source) connect();
  }, retry);
  retry = Math.min(retry * 2, longestRetry);
}

function resynchronise(): void {
  void Promise.all([loadStatus(), loadAlerts(), loadFlows()]);
}

/** A quiet site sends little: ask then, and take a stream whose agent does not answer for lost. */
async function keepInTouch(): Promise<void> {
  if (asking || Date.now() - (lastContact.value ?? 0) < quietAfter) return;
  asking = true;
  const answered = await loadStatus();
  asking = false;
  if (!answered && source && streamOpen.value) lost(source);
}
