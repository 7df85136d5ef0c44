import { signal } from '@preact/signals';
import type { Status } from '../../../src/agent/status.ts';
import { ApiError, fetchStatus } from './api.ts';
import { learnAgentClock } from './clock.ts';

/** What the agent last said of itself. */
export const status = signal<Status | undefined>(undefined);
/** When anything last arrived from the agent, by this browser's clock. */
export const lastContact = signal<number | undefined>(undefined);
/** What the agent answered instead, when it answers but refuses. */
export const refusal = signal<string | undefined>(undefined);

/** Takes note that the agent has just been heard. */
export function heard(): void {
  lastContact.value = Date.now();
}

/** Takes a status that has just arrived. */
export function takeStatus(received: Status): void {
  heard();
  learnAgentClock(received.now);
  refusal.value = undefined;
  status.value = received;
}

/** Asks for the status. Returns whether the agent answered; never throws. */
export async function loadStatus(): Promise<boolean> {
  try {
    takeStatus(await fetchStatus());
    return true;
  } catch (error) {
    refusal.value = error instanceof ApiError ? error.message : undefined;
    return false;
  }
}
