import { expect, test } from 'vitest';
import { decide } from './decide.ts';
import { after, type ResponseEvent } from './lifecycle.ts';
import type { Response, ResponseState } from './model.ts';
import { facts, playbook, playbooks, scan } from './respond.fixture.ts';

const waiting = decide('r1', playbook, playbook.steps[0]!, scan, playbooks, facts())!;
const events: readonly ResponseEvent[] = [
  { kind: 'denied', at: 1, why: 'w' },
  { kind: 'lapsed', at: 1, why: 'w' },
  { kind: 'refused', at: 1, why: 'w' },
  { kind: 'begun', at: 1 },
  { kind: 'applied', at: 1, expiresAt: 2 },
  { kind: 'failed', at: 1, why: 'w' },
  { kind: 'undone', at: 1, why: 'w' },
  { kind: 'expired', at: 1 },
];
const next = (state: ResponseState) =>
  events.flatMap((event) => after({ ...waiting, state }, event)?.state ?? []).join(' ');

test.each<[ResponseState, string]>([
  ['waiting', 'refused refused refused applying'],
  ['applying', 'applying applied failed undone expired'],
  ['applied', 'undone expired'],
  ['proposed', ''],
  ['refused', ''],
  ['failed', ''],
  ['undone', ''],
  ['expired', ''],
])('what may follow %s', (state, states) => {
  expect(next(state)).toBe(states);
});

test('when, by whom and why', () => {
  const applied = after(
    { ...waiting, state: 'applying' },
    { kind: 'applied', at: 5, expiresAt: 9 },
  ) as Response;
  expect(applied).toMatchObject({ appliedAt: 5, expiresAt: 9 });
  expect(applied.endedAt).toBeUndefined();
  expect(after(applied, { kind: 'undone', at: 7, why: 'w', by: 'anna' })).toMatchObject({
    endedAt: 7,
    why: 'w',
    by: 'anna',
    appliedAt: 5,
  });
});
