import { computed, signal } from '@preact/signals';

/** This browser's clock, ms since the epoch; moves once a second. */
export const now = signal(Date.now());

/** How far the agent's clock is ahead of this browser's, ms. */
const ahead = signal(0);

/** The agent's clock as this page knows it: ages of what the agent reports are counted on it. */
export const agentNow = computed(() => now.value + ahead.value);

/** Takes note of the agent's clock from a message that has just arrived. Differences below 1 s are delay, not skew. */
export function learnAgentClock(agentTime: number): void {
  const difference = agentTime - Date.now();
  ahead.value = Math.abs(difference) < 1000 ? 0 : difference;
}

/** Starts the clock. */
export function startClock(): void {
  setInterval(() => {
    now.value = Date.now();
  }, 1000);
}
