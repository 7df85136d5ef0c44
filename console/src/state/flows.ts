import { computed, signal } from '@preact/signals';
import type { FlowJson } from '../../../src/flow/json.ts';
import { fetchFlows } from './api.ts';
import { filter } from './filter.ts';
import { FlowBuffer } from './flow-buffer.ts';
import { filterText, paused } from './view.ts';

/** Flows held at most; the store keeps more. */
export const flowCapacity = 10_000;
const pageSize = 1000;
/** Shortest time between two redraws of the table, ms. */
const redrawEvery = 200;

const buffer = new FlowBuffer(flowCapacity);
const version = signal(0);
let redraw: ReturnType<typeof setTimeout> | undefined;

/** Whether the flows were read at least once. */
export const flowsLoad = signal<'loading' | 'ready' | 'failed'>('loading');
/** Older flows are asked for right now. */
export const loadingOlder = signal(false);
/** Where the next older page of the store begins; undefined at its end. */
const older = signal<number | undefined>(undefined);

/** What the table showed when it was paused. */
const frozen = signal<readonly FlowJson[] | undefined>(undefined);
/** Flows that began since the table was paused, and those of them that had to be dropped again. */
export const held = signal({ flows: 0, dropped: 0 });
let evictedAtPause = 0;
let shownAtPause = 0;

/** Flows that this page has dropped because it holds no more than {@link flowCapacity}. */
export const evicted = signal(0);
/** Flow messages that the agent could not deliver to this page in time. */
export const missedMessages = signal(0);

const current = computed(() => {
  version.value;
  return buffer.newestFirst();
});

/** Flows held, newest first, before the filter. */
export const allFlows = computed(() => frozen.value ?? current.value);

/** Flows to show: newest first, those that the last valid filter lets through. */
export const shownFlows = computed(() => {
  const { matches } = filter.value;
  return matches ? allFlows.value.filter(matches) : allFlows.value;
});

/** Whether the store has older flows that fit on this page. */
export const hasOlder = computed(
  () => older.value !== undefined && evicted.value === 0 && allFlows.value.length < flowCapacity,
);

/** Returns the flow of that id when this page holds it. */
export function findFlow(id: string): FlowJson | undefined {
  version.value;
  return buffer.get(id) ?? frozen.value?.find((flow) => flow.id === id);
}

/** Takes a flow from the stream. The table is redrawn soon, not at once: many may come together. */
export function takeFlow(flow: FlowJson): void {
  const isNew = buffer.put(flow);
  if (isNew && frozen.value) countHeld();
  scheduleRedraw();
}

/** Stops the table from moving. Flows go on being collected and counted. */
export function pause(): void {
  if (paused.value && frozen.value) return;
  evictedAtPause = buffer.evicted;
  shownAtPause = current.value.length;
  held.value = { flows: 0, dropped: 0 };
  frozen.value = current.value;
  paused.value = true;
}

/** Lets the table move again, with everything that was collected meanwhile. */
export function resume(): void {
  frozen.value = undefined;
  held.value = { flows: 0, dropped: 0 };
  paused.value = false;
}

/**
 * Reads the newest stored flows, page by page until they meet what is held already, so that nothing is missing after the
 * connection was lost. Never throws: a failure shows in {@link flowsLoad}.
 */
export async function loadFlows(): Promise<void> {
  try {
    const first = buffer.size === 0;
    let before: number | undefined;
    for (let read = 0; read < flowCapacity; read += pageSize) {
      const page = await fetchFlows({ limit: pageSize, ...(before !== undefined && { before }) });
      const met = page.rows.some((flow) => buffer.has(flow.id));
      for (const flow of page.rows) takeFlow(flow);
      before = page.next ?? undefined;
      if (first) older.value = before;
      if (first || met || before === undefined) break;
    }
    flowsLoad.value = 'ready';
    if (paused.value && !frozen.value) {
      flushRedraw();
      pause();
    }
  } catch {
    if (flowsLoad.value === 'loading') flowsLoad.value = 'failed';
  }
}

/** Reads the next older page of stored flows. Never throws. */
export async function loadOlder(): Promise<void> {
  const before = older.value;
  if (before === undefined || loadingOlder.value) return;
  loadingOlder.value = true;
  try {
    const page = await fetchFlows({ limit: pageSize, before });
    for (const flow of page.rows) buffer.put(flow);
    older.value = page.next ?? undefined;
    flushRedraw();
    if (frozen.value) frozen.value = [...frozen.value, ...page.rows];
  } catch {
    // the connection state on the page says why; the button stays to try again
  } finally {
    loadingOlder.value = false;
  }
}

/** Clears the filter. */
export function clearFilter(): void {
  filterText.value = '';
}

function countHeld(): void {
  const gone = buffer.evicted - evictedAtPause;
  held.value = { flows: held.value.flows + 1, dropped: Math.max(0, gone - shownAtPause) };
}

function scheduleRedraw(): void {
  redraw ??= setTimeout(flushRedraw, redrawEvery);
}

function flushRedraw(): void {
  clearTimeout(redraw);
  redraw = undefined;
  evicted.value = buffer.evicted;
  version.value++;
}
