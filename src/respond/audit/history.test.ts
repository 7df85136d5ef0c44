import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../decide.ts';
import { hasEnded, type Response } from '../model.ts';
import { facts, playbook, playbooks, scan } from '../respond.fixture.ts';
import { historyOf, newest } from './history.ts';
import type { AuditRecord } from './record.ts';

const base = { schemaVersion: 1 as const, seq: 1, previous: '0'.repeat(64) };
const time = (ms: number) => new Date(ms).toISOString();
const response = (id: string, approval = true): Response =>
  decide(id, { ...playbook, approval }, playbook.steps[0]!, scan, playbooks, facts())!;
const decided = (one: Response): AuditRecord => ({
  ...base,
  time: time(10_000),
  event: 'decided',
  response: one,
});

test('from waiting to expired', () => {
  const records: AuditRecord[] = [
    decided(response('r7')),
    { ...base, time: time(11_000), event: 'approved', id: 'r7', by: 'anna' },
    { ...base, time: time(12_000), event: 'begun', id: 'r7' },
    { ...base, time: time(13_000), event: 'applied', id: 'r7', expiresAt: 99_000 },
    { ...base, time: time(99_000), event: 'expired', id: 'r7', by: 'kernel' },
  ];
  const states = records.map((_, at) => historyOf(records.slice(0, at + 1)).responses[0]);
  expect(states.map((one) => one?.state)).toEqual(['waiting', 'waiting', 'applying', 'applied', 'expired']);
  expect(states[3]).toMatchObject({ by: 'anna', appliedAt: 13_000, expiresAt: 99_000 });
  expect(states[4]).toMatchObject({ by: 'kernel', endedAt: 99_000 });
  expect(historyOf(records).last).toBe(7);
});

test('a panic holds everything until it is resumed', () => {
  const panic: AuditRecord = { ...base, time: time(5000), event: 'panic', by: 'anna' };
  expect(historyOf([panic]).heldSince).toBe(time(5000));
  expect(historyOf([panic, { ...panic, event: 'resumed' }]).heldSince).toBeUndefined();
});

test('whatever stands in a log, what has ended stays so, and an applied one has an end', () => {
  const id = fc.constantFrom('r1', 'r2');
  const record: fc.Arbitrary<AuditRecord> = fc.oneof(
    id.chain((one) => fc.boolean().map((approval) => decided(response(one, approval)))),
    fc
      .record({ id, event: fc.constantFrom('approved', 'begun', 'expired') })
      .map((one) => ({ ...base, time: time(1), ...one }) as AuditRecord),
    fc
      .record({ id, event: fc.constantFrom('denied', 'lapsed', 'refused', 'failed', 'undone') })
      .map((one) => ({ ...base, time: time(1), why: 'w', ...one }) as AuditRecord),
    id.map((one): AuditRecord => ({ ...base, time: time(1), event: 'applied', id: one, expiresAt: 2 })),
  );
  fc.assert(
    fc.property(fc.array(record), (records) => {
      const seen = new Map<string, Response>();
      for (let length = 1; length <= records.length; length++) {
        const isNew = records[length - 1]!.event === 'decided';
        for (const one of historyOf(records.slice(0, length)).responses) {
          const before = seen.get(one.id);
          if (before && hasEnded(before) && !isNew) expect(one).toEqual(before);
          if (one.state === 'applied') expect(one.expiresAt).toBe(2);
          if (one.state === 'refused' || one.state === 'undone' || one.state === 'failed')
            expect(one.why).toBeDefined();
          seen.set(one.id, one);
        }
      }
    }),
  );
});

test('it is bounded, and no open one is forgotten', () => {
  const ended: Response[] = Array.from({ length: 1500 }, (_, at) => ({
    ...response(`r${at}`),
    state: 'refused',
    why: 'w',
  }));
  const kept = newest([response('r9000'), ...ended]);
  expect([kept.length, kept[0]?.id, kept.at(-1)?.id, kept[1]?.id]).toEqual([1001, 'r9000', 'r1499', 'r500']);
});
