import { expect, test } from 'vitest';
import { scan } from '../respond.fixture.ts';
import { limit } from './limit.ts';

const rate = { count: 10, period: 'second', burst: 20 } as const;
const step = { kind: 'limit', end: 'entity', seconds: 60, rate } as const;

test('the address alone, with its rate', () => {
  const action = limit.plan(step, scan);
  expect(action).toEqual({ kind: 'limit', prefix: '203.0.113.9/32', seconds: 60, rate });
  if ('impossible' in action) return;
  expect(limit.titleOf(action)).toBe('limit 203.0.113.9 to 10 packets a second for 1m');
  expect(limit.cuts(action).toString()).toBe('203.0.113.9/32');
});

test('what is not about an address', () => {
  const { entity: _, ...none } = scan;
  expect(limit.plan(step, none)).toEqual({ impossible: 'the alert is not about an address' });
});
