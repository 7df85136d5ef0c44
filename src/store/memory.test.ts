import { describe, expect, test } from 'vitest';
import { openMemoryStore } from './memory.ts';
import { describeStore } from './store.conformance.ts';
import { alert, flow } from './store.fixture.ts';

describeStore('memory', () => openMemoryStore());

describe('memory store', () => {
  test('makes room for the newest rows', () => {
    const store = openMemoryStore({ maxFlows: 5, maxAlerts: 2 });
    for (let n = 1; n <= 20; n += 1) {
      store.putFlow(flow(n));
      store.putAlert(alert(n));
    }
    expect(store.flows({ limit: 100 }).map((row) => row.value.id)).toEqual(
      [20, 19, 18, 17, 16].map((n) => `flow-${n}`),
    );
    expect(store.health()).toMatchObject({ flows: 5, alerts: 2, lost: 0 });
  });
});
