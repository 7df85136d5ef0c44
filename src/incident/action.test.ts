import { expect, test } from 'vitest';
import { acted, type IncidentAction, maxNote } from './action.ts';
import { incident, noon } from './incident.fixture.ts';
import type { Incident } from './incident.ts';

function act(one: Incident, action: Partial<IncidentAction> & Pick<IncidentAction, 'kind'>) {
  return acted(one, { at: noon + 9000, ...action });
}

test('acknowledged, resolved, reopened, each with a line of history', () => {
  const acknowledged = act(incident(1), { kind: 'acknowledge', by: 'ann' }) as Incident;
  expect(acknowledged.state).toBe('acknowledged');
  const resolved = act(acknowledged, { kind: 'resolve', text: 'the port is shut' }) as Incident;
  expect(resolved).toMatchObject({
    state: 'resolved',
    resolution: { kind: 'resolved', at: noon + 9000, reason: 'the port is shut' },
  });
  const reopened = act(resolved, { kind: 'reopen', by: 'bob' }) as Incident;
  expect(reopened.state).toBe('reopened');
  expect(reopened.resolution).toBeUndefined();
  expect(reopened.timeline.map(({ text }) => text)).toEqual([
    'Port scan',
    'acknowledged by ann',
    'resolved: the port is shut',
    'reopened by bob',
  ]);
});

test('a note is kept, shortened', () => {
  const noted = act(incident(1), { kind: 'note', by: 'ann', text: 'x'.repeat(9_000) }) as Incident;
  expect(noted.notes).toEqual([{ at: noon + 9000, by: 'ann', text: 'x'.repeat(maxNote) }]);
  expect(noted.state).toBe('open');
});

test('very many notes push out the oldest, and that is counted', () => {
  let one = incident(1);
  for (let n = 0; n < 100; n++) one = act(one, { kind: 'note', at: noon + n, text: `${n}` }) as Incident;
  expect(one.notes).toHaveLength(64);
  expect(one.notes.at(-1)?.text).toBe('99');
  expect(one.dropped.notes).toBe(36);
});

test('a false positive says why', () => {
  expect(act(incident(1), { kind: 'resolve', falsePositive: true, text: 'ours' })).toMatchObject({
    resolution: { kind: 'false-positive', reason: 'ours' },
  });
});

const resolved = incident(1, { state: 'resolved', resolution: { kind: 'resolved', at: noon } });
const merged = incident(1, { state: 'resolved', resolution: { kind: 'merged', at: noon, into: 'i7' } });

test.each([
  [incident(1), { kind: 'resolve', falsePositive: true }, 'a false positive needs a reason'],
  [incident(1), { kind: 'reopen' }, 'it is open, not resolved'],
  [incident(1), { kind: 'note', text: ' ' }, 'a note needs a text'],
  [incident(1, { state: 'acknowledged' }), { kind: 'acknowledge' }, 'it is acknowledged already'],
  [resolved, { kind: 'acknowledge' }, 'it is resolved: reopen it first'],
  [resolved, { kind: 'resolve' }, 'it is resolved already'],
  [merged, { kind: 'note', text: 'x' }, 'it is one with i7: act on that'],
] as const)('what cannot be done is said (%#)', (one, action, problem) => {
  expect(act(one, action)).toBe(problem);
});
