import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readScap } from '../../event/scap/read-scap.ts';
import { SystemState } from '../../event/state/system-state.ts';
import type { SystemEvent } from '../../event/system-event.ts';

/** Calls `visit` with each event of a capture, with the processes as they were at the time. */
export function visitCapture(path: string, visit: (event: SystemEvent) => void): void {
  const { threads, accounts, events } = readScap(gunzipSync(readFileSync(path)));
  const names = new Map(accounts.map(({ kind, id, name }) => [`${kind} ${id}`, name]));
  const state = new SystemState({
    userName: (id) => names.get(`user ${id}`),
    groupName: (id) => names.get(`group ${id}`),
  });
  for (const thread of threads) state.seed(thread);
  for (const { number, raw } of events) visit(state.apply(raw, number));
}
