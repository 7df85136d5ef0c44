import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatLatency,
  formatNoun,
  formatWhen,
} from '../src/parts/format.ts';
import { plain } from '../src/parts/plain.ts';
import { flowsCommand, shellQuote } from '../src/state/command.ts';
import { FlowBuffer } from '../src/state/flow-buffer.ts';
import { endsKey, judgement } from '../src/state/judgement.ts';
import { overall } from '../src/state/overall.ts';
import { flow, status } from './sample.ts';

describe('the flow buffer', () => {
  test('holds what a plain sorted list would, for any order of arrival', () => {
    const arrivals = fc.array(fc.record({ id: fc.nat(60), openedAt: fc.nat(1000) }), { maxLength: 200 });
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 1, max: 40 }), (list, capacity) => {
        const buffer = new FlowBuffer(capacity);
        let expected: { id: string; openedAt: number }[] = [];
        let dropped = 0;
        for (const { id, openedAt } of list) {
          const known = expected.find((entry) => entry.id === `f${id}`);
          const opened = known?.openedAt ?? openedAt;
          expect(buffer.put(flow(id, 0, { openedAt: opened }))).toBe(known === undefined);
          if (known) continue;
          const place = expected.findLastIndex((entry) => entry.openedAt <= opened) + 1;
          expected.splice(place, 0, { id: `f${id}`, openedAt: opened });
          if (expected.length > capacity) {
            expected = expected.slice(1);
            dropped++;
          }
        }
        expect(buffer.newestFirst().map((held) => held.id)).toEqual(
          expected.map((entry) => entry.id).reverse(),
        );
        expect(buffer.evicted).toBe(dropped);
        expect(buffer.size).toBe(expected.length);
      }),
      { numRuns: 200 },
    );
  });

  test('shows the latest state of a flow', () => {
    const buffer = new FlowBuffer(5);
    buffer.put(flow(1, 0, { state: 'attempted' }));
    buffer.put(flow(1, 0, { state: 'refused' }));
    expect(buffer.get('f1')?.state).toBe('refused');
    expect(buffer.has('f2')).toBe(false);
  });
});

describe('the command', () => {
  test('without a filter needs none', () => {
    expect(flowsCommand('  ')).toBe('picket flows');
  });

  test('gives the shell exactly the filter, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...`a'"\\$\`!* \n;|&()=é`) }), (text) => {
        const echoed = execFileSync('sh', ['-c', `printf %s ${shellQuote(text)}`], { encoding: 'utf8' });
        expect(echoed).toBe(text);
      }),
      { numRuns: 60 },
    );
  });
});

describe('plain text', () => {
  test('shows what would hide or reorder', () => {
    expect(plain('a\u202eb\u0000c\u200bd\ud800')).toBe('a\\u{202e}b\\u{0}c\\u{200b}d\\u{d800}');
    expect(plain('Grüße, 世界 😀')).toBe('Grüße, 世界 😀');
    expect(plain('x'.repeat(600))).toBe(`${'x'.repeat(512)}…`);
  });
});

describe('numbers and times', () => {
  test.each([
    [formatNoun(1, 'alert'), '1 alert'],
    [formatNoun(2000, 'alert'), '2,000 alerts'],
    [formatBytes(1023), '1023 B'],
    [formatBytes(4.2 * 1024 ** 2), '4.2 MiB'],
    [formatDuration(59_999), '59 s'],
    [formatDuration(11_052_000), '3 h 4 min'],
    [formatDuration(90_000_000), '1 d 1 h'],
    [formatLatency(0.42), '0.4 ms'],
    [formatLatency(3140), '3.1 s'],
    [formatAge(1000, 2500), 'just now'],
    [formatAge(1000, 13_000), '12 s ago'],
  ])('%s', (actual, expected) => expect(actual).toBe(expected));

  test('a time carries as much of its date as is needed', () => {
    const now = new Date(2026, 5, 1, 12).getTime();
    expect(formatWhen(new Date(2026, 5, 1, 9, 12, 3).getTime(), now)).toBe('09:12:03');
    expect(formatWhen(new Date(2026, 1, 3, 9, 12, 3).getTime(), now)).toBe('3 Feb 09:12:03');
    expect(formatWhen(new Date(2024, 1, 3, 9, 12, 3).getTime(), now)).toBe('3 Feb 2024 09:12:03');
  });
});

describe('is anything wrong', () => {
  const now = 1_000_000;
  const well = status(now, 1000);
  const failing = status(now, 1000, {
    alerts: { open: 3, total: 3 },
    health: [
      { id: 'a', state: 'warning', text: 'a' },
      { id: 'b', state: 'failing', text: 'b' },
    ],
  });

  test.each(['offline', 'stale'] as const)('nothing is well when the agent is %s', (connection) => {
    expect(overall(well, connection, undefined).state).toBe('unknown');
  });

  test('without a status nothing is known', () => {
    expect(overall(undefined, 'connecting', undefined).state).toBe('unknown');
    expect(overall(undefined, 'live', undefined).state).toBe('unknown');
  });

  test('a failing part outweighs alerts, and stands first', () => {
    const { state, conditions } = overall(failing, 'live', 'critical');
    expect(state).toBe('failing');
    expect(conditions.map((item) => item.id)).toEqual(['b', 'a']);
  });

  test('one alert is named by its severity', () => {
    const one = status(now, 1000, { alerts: { open: 1, total: 1 } });
    expect(overall(one, 'live', 'high').sentence).toBe('One open high alert needs your attention.');
    expect(overall(one, 'live', undefined).sentence).toBe('One open alert needs your attention.');
  });
});

describe('a flow held against its verdict', () => {
  test('a forbidden one that passed is told from one that was stopped', () => {
    expect(judgement(flow(3, 0)).kind).toBe('breach');
    expect(judgement(flow(10, 0)).kind).toBe('deny');
    const { verdict: _, ...unjudged } = flow(3, 0);
    expect(judgement(unjudged).kind).toBe('none');
  });

  test('ends are the same whatever their ports, and not when only their texts join alike', () => {
    const base = flow(1, 0);
    expect(endsKey({ ...base, source: { ...base.source, port: 9 } })).toBe(endsKey(base));
    const named = (source: string, destination: string) =>
      endsKey({
        ...base,
        source: { ...base.source, identity: { kind: 'host', name: source } },
        destination: { ...base.destination, identity: { kind: 'host', name: destination } },
      });
    expect(named('a","b', 'c')).not.toBe(named('a', 'b","c'));
  });
});
