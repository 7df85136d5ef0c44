import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyFilter, anyFlow, anyQuery } from '../../flow/ask/ask.fixture.ts';
import { dimensions } from '../../flow/ask/dimension.ts';
import { evaluate } from '../../flow/ask/evaluate.ts';
import type { FlowQuery } from '../../flow/ask/query.ts';
import { communityId } from '../../flow/community-id.ts';
import { parseFlowFilter } from '../../flow/filter.ts';
import type { Flow } from '../../flow/flow.ts';
import { flowToJson } from '../../flow/json.ts';
import type { Row } from '../store.ts';
import { onlyEnd } from './by-end.ts';
import { columnsOf, type FlowColumns, rowAt } from './columns.ts';
import { DamagedColumn, decodeColumns, encodeColumns } from './encode.ts';
import { addUp } from './planes.ts';
import { FlowScan } from './scan.ts';

const rowsOf = (flows: readonly Flow[]): Row<Flow>[] =>
  flows.map((value, row) => ({ row: row * 3 + 1, value }));

/** The columns as they come back from bytes. */
function stored(columns: FlowColumns): FlowColumns {
  const { header, parts } = encodeColumns(columns);
  const bytes = new Uint8Array(Buffer.concat(parts));
  return decodeColumns(JSON.parse(JSON.stringify(header)), (at, size) => bytes.subarray(at, at + size));
}

function scanned(sets: readonly FlowColumns[], query: ConstructorParameters<typeof FlowScan>[0]) {
  const scan = new FlowScan(query);
  for (const columns of sets) scan.add(columns);
  if (scan.beginSeries()) for (const columns of sets) scan.addSeries(columns);
  return scan.answer();
}

test('flows come back from columns, and from their bytes, as they were', () => {
  fc.assert(
    fc.property(fc.array(anyFlow, { minLength: 1, maxLength: 60 }), (flows) => {
      const rows = rowsOf(flows);
      const columns = columnsOf(rows);
      const back = stored(columns);
      for (const [index, row] of rows.entries()) {
        expect(rowAt(columns, index)).toEqual(row);
        expect(rowAt(back, index)).toEqual(row);
      }
    }),
    { numRuns: 60 },
  );
});

test('a Community ID that follows from the ends takes no room, any other comes back as it was', () => {
  const [one] = fc.sample(anyFlow, { numRuns: 1, seed: 1 });
  const icmp = { type: 8, code: 0 };
  const own = (flow: Flow): Flow => ({
    ...flow,
    communityId: communityId(flow.protocol, flow.source, flow.destination, flow.icmp),
  });
  const flows = [
    own({ ...one!, protocol: 6 }),
    own({ ...one!, protocol: 1, icmp }),
    own({ ...one!, protocol: 47 }),
    ...['1:LQU9qZlK+B5F3KDmev6m5PMibrg=', '=', '==', ''].map((text) => ({ ...one!, communityId: text })),
  ];
  const columns = stored(columnsOf(rowsOf(flows)));
  expect(flows.map((_, index) => rowAt(columns, index).value)).toEqual(flows);
  expect(columns.texts('communityId').slice(0, 3)).toEqual(['=', '=', '=']);
});

test('a scan over columns, in memory and from bytes, answers as one flow after the other does', () => {
  fc.assert(
    fc.property(
      fc.array(anyFlow, { minLength: 0, maxLength: 80 }),
      fc.nat(80),
      anyFilter,
      anyQuery,
      (flows, cut, text, query) => {
        const filter = parseFlowFilter(text);
        if (!filter.ok) throw new Error(`${text}: ${filter.diagnostics[0]?.message}`);
        const asked = { ...query, filter: filter.tree };
        const halves = [flows.slice(0, cut), flows.slice(cut)].filter(({ length }) => length > 0);
        const [first, ...others] = halves.map((half) => columnsOf(rowsOf(half)));
        const sets = [...(first ? [stored(first)] : []), ...others];
        expect(scanned(sets, asked)).toEqual(evaluate(flows.map(flowToJson), asked));
      },
    ),
    { numRuns: 400 },
  );
});

test('sums by end say the same, for questions that look at one end alone', () => {
  let kept = 0;
  fc.assert(
    fc.property(
      fc.array(anyFlow, { minLength: 1, maxLength: 5 }),
      fc.array(fc.record({ pick: fc.nat(), later: fc.nat(5_000) }), { minLength: 20, maxLength: 80 }),
      fc.constantFrom('src', 'dst', 'src-address', 'dst-ns', 'src-workload', ''),
      fc.constantFrom('', 'src=198.51.100.0/24', 'not dst=shop/frontend', 'src=2001:db8::/32', 'bytes>100'),
      anyQuery,
      (some, picks, name, text, query) => {
        const flows = picks.map(({ pick, later }, n): Flow => {
          const one = some[pick % some.length]!;
          return { ...one, id: `${one.id}-${n}`, openedAt: one.openedAt + later };
        });
        const filter = parseFlowFilter(text);
        if (!filter.ok) throw new Error(text);
        const { bucket: _, ...rest } = query;
        const by = name === '' ? [] : [dimensions.get(name)!];
        const asked = { ...rest, by, filter: filter.tree };
        const columns = stored(columnsOf(rowsOf(flows)));
        if (columns.byEnd?.('source') !== undefined) kept += 1;
        expect(scanned([columns], asked)).toEqual(evaluate(flows.map(flowToJson), asked));
      },
    ),
    { numRuns: 300 },
  );
  expect(kept).toBeGreaterThan(200);
});

test('a question is taken for one about one end only when it looks at nothing else', () => {
  const end = (names: string[], text = '', more: Partial<FlowQuery> = {}) => {
    const filter = parseFlowFilter(text);
    if (!filter.ok) throw new Error(text);
    const by = names.map((name) => dimensions.get(name)!);
    return onlyEnd({ by, order: 'bytes', top: 5, filter: filter.tree, ...more });
  };
  expect(end(['src'])).toBe('source');
  expect(end(['src', 'src-ns'], 'src=198.51.100.0/24')).toBe('source');
  expect(end([], 'not dst=shop/frontend')).toBe('destination');
  expect(end([])).toBe('destination');
  expect(end(['src'], '', { order: 'destinations' })).toBeUndefined();
  expect(end(['src'], '', { distinct: ['sources'] })).toBe('source');
  expect(end(['src'], '', { bucket: 60_000 })).toBeUndefined();
  for (const text of ['dst=203.0.113.9', 'port=443', 'bytes>10', 'ip=203.0.113.9', 'since=2026-06-01'])
    expect(end(['src'], text)).toBeUndefined();
  for (const name of ['dst', 'port', 'minute', 'process', 'verdict'])
    expect(end(['src', name])).toBeUndefined();
});

test('numbers are added up as they stand in a segment, whatever their width', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(100, 60_000, 4e9, 1e12),
      fc.constantFrom(0, 7, 5e9),
      fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.nat(9)), { minLength: 1, maxLength: 50 }),
      (most, base, rows) => {
        const expected = new Float64Array(4);
        const flows = rows.map(([value, slot, chance], n): Flow => {
          const { sent: _, ...uncounted } = flow(n);
          if (chance === 0) return uncounted;
          const bytes = base + (value % most);
          expected[slot]! += bytes;
          return { ...uncounted, sent: { packets: 1, bytes } };
        });
        const sums = new Float64Array(4);
        const slots = Int32Array.from(rows, ([, slot]) => slot);
        addUp(stored(columnsOf(rowsOf(flows))), 'sentBytes', slots, sums);
        expect(sums).toEqual(expected);
      },
    ),
  );
});

const flow = (n: number): Flow => ({
  id: `f${n}`,
  protocol: 6,
  source: { address: { family: 4, a: 0, b: 0, c: 0, d: 0xc6336400 + n }, port: 1 },
  destination: { address: { family: 4, a: 0, b: 0, c: 0, d: 1 }, port: n },
  state: 'closed',
  seenBy: 'network',
  openedAt: n,
  reachedDestination: false,
  preexisting: false,
  sent: { packets: 1, bytes: 10 },
});

describe('what is bounded', () => {
  test('flows of more groups than are kept apart are in the sums and told as such', () => {
    const columns = columnsOf(rowsOf(Array.from({ length: 100 }, (_, n) => flow(n))));
    const by = ['src', 'port'].map((name) => dimensions.get(name)!);
    const scan = new FlowScan({ by, order: 'bytes', top: 5 }, { values: 1_000, groups: 40, pairs: 1_000 });
    scan.add(columns);
    const { count, total, rest, ungrouped, groups } = scan.answer();
    expect({ count, ungrouped, told: groups.length }).toEqual({ count: 40, ungrouped: 60, told: 5 });
    expect(total).toMatchObject({ flows: 100, bytes: 1_000 });
    expect(rest).toMatchObject({ flows: 95, bytes: 950 });
  });

  test('a column that was changed is damaged, not read as something else', () => {
    const { header, parts } = encodeColumns(columnsOf(rowsOf([flow(1), flow(2)])));
    const bytes = new Uint8Array(Buffer.concat(parts));
    bytes[header.numbers.openedAt!.at]! ^= 1;
    const columns = decodeColumns(header, (at, size) => bytes.subarray(at, at + size));
    expect(() => columns.numbers('openedAt')).toThrow(DamagedColumn);
    expect(columns.numbers('row')[0]).toBe(1);
  });
});
