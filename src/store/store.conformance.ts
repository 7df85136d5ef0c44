import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyFilter, anyFlow, anyQuery } from '../flow/ask/ask.fixture.ts';
import { evaluate } from '../flow/ask/evaluate.ts';
import { looseCost, TooManyFlows } from '../flow/ask/query.ts';
import { parseFlowFilter } from '../flow/filter.ts';
import { flowToJson } from '../flow/json.ts';
import { incident } from '../incident/incident.fixture.ts';
import { defaultMaxAge, defaultMaxIncidentAge } from './record.ts';
import { alert, flow, noon } from './store.fixture.ts';
import type { Store } from './store.ts';

/** What every engine behind {@link Store} must do. `open` returns an empty store with the default bounds. */
export function describeStore(name: string, open: () => Store): void {
  function filled(flows: number, alerts = 0): Store {
    const store = open();
    for (let n = 1; n <= flows; n += 1) store.putFlow(flow(n));
    for (let n = 1; n <= alerts; n += 1) store.putAlert(alert(n));
    store.flush();
    return store;
  }
  const flowIds = (store: Store, query: Parameters<Store['flows']>[0]): string[] =>
    store.flows(query).map((row) => row.value.id);

  describe(`${name} as a store`, () => {
    test('gives back exactly what was put, newest first', () => {
      const store = filled(3, 2);
      expect(store.flows({ limit: 10 }).map((row) => row.value)).toEqual([flow(3), flow(2), flow(1)]);
      expect(store.alerts({ limit: 10 }).map((row) => row.value)).toEqual([alert(2), alert(1)]);
      expect(store.health()).toMatchObject({ state: 'ok', lost: 0, flows: 3, alerts: 2 });
      store.close();
    });

    test('pages by row id without gap or repeat', () => {
      const store = filled(25);
      const seen: string[] = [];
      for (let before: number | undefined; ; ) {
        const page = store.flows({ limit: 10, ...(before === undefined ? {} : { before }) });
        if (page.length === 0) break;
        seen.push(...page.map((row) => row.value.id));
        before = page.at(-1)?.row;
      }
      expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `flow-${25 - i}`));
      store.close();
    });

    test('since is inclusive, until exclusive', () => {
      const store = filled(10);
      expect(flowIds(store, { since: noon + 4000, until: noon + 7000, limit: 10 })).toEqual([
        'flow-6',
        'flow-5',
        'flow-4',
      ]);
      expect(flowIds(store, { since: noon + 4000, limit: 2 })).toEqual(['flow-10', 'flow-9']);
      const before = store.flows({ limit: 10 }).find((row) => row.value.id === 'flow-6')?.row ?? 0;
      expect(flowIds(store, { since: noon + 4000, before, limit: 10 })).toEqual(['flow-5', 'flow-4']);
      store.close();
    });

    test('a flow put again keeps its row', () => {
      const store = filled(3);
      const rows = store.flows({ limit: 10 }).map((row) => row.row);
      const closed = flow(2, { state: 'closed', closedAt: noon + 9000 });
      store.putFlow(closed);
      store.flush();
      expect(store.flows({ limit: 10 }).map((row) => row.row)).toEqual(rows);
      expect(store.flows({ limit: 10 })[1]?.value).toEqual(closed);
      expect(store.health().flows).toBe(3);
      store.close();
    });

    test('parts of a long flow are rows of their own', () => {
      const store = open();
      store.putFlow(flow(1, { part: 1, endReason: 'active', lastAt: noon + 2000 }));
      store.putFlow(flow(1, { part: 2, openedAt: noon + 2000 }));
      store.putFlow(flow(1, { part: 2, openedAt: noon + 2000, endReason: 'idle', lastAt: noon + 3000 }));
      store.flush();
      expect(store.flows({ limit: 10 }).map(({ value }) => [value.part, value.endReason])).toEqual([
        [2, 'idle'],
        [1, 'active'],
      ]);
      expect(store.health().flows).toBe(2);
      store.close();
    });

    test('answers questions and filters pages as one flow after the other does', () => {
      fc.assert(
        fc.property(fc.array(anyFlow, { maxLength: 60 }), anyFilter, anyQuery, (some, text, query) => {
          const flows = some.map((one, n) => ({ ...one, id: `flow-${n}` }));
          const filter = parseFlowFilter(text);
          if (!filter.ok) throw new Error(text);
          const store = open();
          for (const one of flows) store.putFlow(one);
          store.flush();
          const asked = { ...query, filter: filter.tree };
          expect(store.ask(asked)).toEqual(evaluate(flows.map(flowToJson), asked));
          const passing = flows.filter((one) => filter.matches(flowToJson(one))).reverse();
          expect(store.flows({ limit: 7, filter: filter.tree }).map(({ value }) => value)).toEqual(
            passing.slice(0, 7),
          );
          store.close();
        }),
        { numRuns: 40 },
      );
    });

    test('a question that would have to look at more than it may is refused before it begins', () => {
      const store = filled(20, 0);
      store.flush();
      const query = { by: [], order: 'flows', top: 1 } as const;
      expect(store.ask({ ...query, atMost: 20 * looseCost }).total.flows).toBe(20);
      expect(() => store.ask({ ...query, atMost: 1 })).toThrow(TooManyFlows);
      expect(store.ask({ ...query, atMost: 1, since: noon + 1e6 }).total.flows).toBe(0);
      expect(store.health().state).toBe('ok');
      store.close();
    });

    test('an alert put again becomes the newest row', () => {
      const store = filled(0, 3);
      store.putAlert(alert(1, { count: 2, lastAt: noon + 60_000 }));
      store.flush();
      const ids = store.alerts({ limit: 10 }).map((row) => `${row.value.id} ×${row.value.count}`);
      expect(ids).toEqual(['alert-1 ×2', 'alert-3 ×1', 'alert-2 ×1']);
      expect(store.alerts({ since: noon + 30_000, limit: 10 })).toHaveLength(1);
      expect(store.health().alerts).toBe(3);
      store.close();
    });

    test('incidents come back as they were, the one that changed last first, and by their id', () => {
      const store = open();
      for (const n of [1, 2, 3]) store.putIncident(incident(n));
      store.flush();
      const changed = incident(1, { state: 'acknowledged', lastAt: noon + 60_000 });
      store.putIncident(changed);
      store.flush();
      expect(store.incidents({ limit: 10 }).map(({ value }) => value)).toEqual([
        changed,
        incident(3),
        incident(2),
      ]);
      expect(store.incidents({ since: noon + 30_000, limit: 10 })).toHaveLength(1);
      const before = store.incidents({ limit: 1 })[0]?.row ?? 0;
      expect(store.incidents({ limit: 1, before }).map(({ value }) => value.id)).toEqual(['incident-3']);
      expect(store.incident('incident-1')).toEqual(changed);
      expect(store.incident('incident-9')).toBeUndefined();
      expect(store.health()).toMatchObject({ flows: 0, alerts: 0, incidents: 3 });
      store.close();
    });

    test('an alert is found by its id', () => {
      const store = filled(0, 3);
      expect(store.alert('alert-2')).toEqual(alert(2));
      expect(store.alert('nobody')).toBeUndefined();
      store.close();
    });

    test('incidents outlive the alerts that they are made of, for a time', () => {
      const store = filled(3, 3);
      for (const n of [1, 2, 3]) store.putIncident(incident(n));
      store.flush();
      expect(store.retain(noon + 10_000 + defaultMaxAge)).toBe(6);
      expect(store.health()).toMatchObject({ flows: 0, alerts: 0, incidents: 3 });
      expect(store.retain(noon + 3000 + defaultMaxIncidentAge)).toBe(2);
      expect(store.incidents({ limit: 10 }).map(({ value }) => value.id)).toEqual(['incident-3']);
      store.close();
    });

    test('flows and alerts have row ids of their own', () => {
      const store = filled(2, 5);
      store.putFlow(flow(1, { state: 'closed' }));
      store.putFlow(flow(3));
      store.putAlert(alert(6));
      store.flush();
      expect(store.health()).toMatchObject({ flows: 3, alerts: 6 });
      expect(flowIds(store, { limit: 10 })).toEqual(['flow-3', 'flow-2', 'flow-1']);
      store.close();
    });

    test('retain deletes what is too old and says how many', () => {
      const store = filled(10, 10);
      expect(store.retain(noon + 4000 + defaultMaxAge)).toBe(6);
      expect(flowIds(store, { limit: 10 }).at(-1)).toBe('flow-4');
      expect(store.health()).toMatchObject({ flows: 7, alerts: 7 });
      expect(store.retain(noon + 4000 + defaultMaxAge)).toBe(0);
      expect(store.retain(noon + 100_000 + defaultMaxAge)).toBe(14);
      expect(store.health()).toMatchObject({ flows: 0, alerts: 0 });
      store.close();
    });

    test('an alert lives as long as it repeats', () => {
      const store = filled(0, 3);
      const late = noon + defaultMaxAge + 60_000;
      store.putAlert(alert(1, { lastAt: late }));
      store.flush();
      expect(store.retain(late)).toBe(2);
      expect(store.alerts({ limit: 10 }).map((row) => row.value.id)).toEqual(['alert-1']);
      store.close();
    });

    test('a clock that goes back neither reorders rows nor has young ones deleted', () => {
      const store = filled(3);
      // A year back, as on a machine without a battery clock; three more flows; then the clock is right again.
      const back = noon - 365 * 24 * 60 * 60 * 1000;
      for (const n of [4, 5, 6]) store.putFlow(flow(n, { openedAt: back + n }));
      store.flush();
      expect(flowIds(store, { limit: 10 })).toEqual([
        'flow-6',
        'flow-5',
        'flow-4',
        'flow-3',
        'flow-2',
        'flow-1',
      ]);
      expect(store.retain(back + 10)).toBe(0);
      expect(store.retain(noon + 60_000)).toBe(0);
      expect(flowIds(store, { until: noon, limit: 10 })).toEqual(['flow-6', 'flow-5', 'flow-4']);
      store.putFlow(flow(7));
      store.flush();
      expect(store.retain(noon + 7000 + defaultMaxAge)).toBe(6);
      expect(flowIds(store, { limit: 10 })).toEqual(['flow-7']);
      store.close();
    });
  });
}
