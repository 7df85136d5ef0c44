import { expect, test } from 'vitest';
import { scan } from '../respond.fixture.ts';
import { block } from './block.ts';

const step = { kind: 'block', end: 'source', seconds: 3600, width: { 4: 24, 6: 64 } } as const;

test('the end of the trigger, as wide as it is said', () => {
  expect(block.plan(step, scan)).toEqual({ kind: 'block', prefix: '203.0.113.0/24', seconds: 3600 });
  expect(block.plan({ ...step, width: { 4: undefined, 6: undefined } }, scan)).toMatchObject({
    prefix: '203.0.113.9/32',
  });
  expect(block.plan(step, { ...scan, source: '2001:db8::9' })).toMatchObject({ prefix: '2001:db8::/64' });
  expect(block.plan(step, { ...scan, source: '::ffff:192.0.2.1' })).toMatchObject({ prefix: '192.0.2.0/24' });
});

test('what has no address cannot be blocked', () => {
  const { source: _, entity: __, ...none } = scan;
  expect(block.plan(step, none)).toEqual({
    impossible: 'the flows of the alert do not have one and the same source',
  });
  expect(block.plan({ ...step, end: 'entity' }, none)).toEqual({
    impossible: 'the alert is not about an address',
  });
});

test('title and what it cuts', () => {
  const action = { kind: 'block', prefix: '2001:db8::9/128', seconds: 5400 } as const;
  expect([block.titleOf(action), block.cuts(action).toString()]).toEqual([
    'block 2001:db8::9 for 1h30m',
    '2001:db8::9/128',
  ]);
  expect(block.titleOf({ ...action, prefix: '10.0.0.0/24' })).toBe('block 10.0.0.0/24 for 1h30m');
  expect(block.titleOf({ ...action, prefix: '2001:db8::/32' })).toBe('block 2001:db8::/32 for 1h30m');
});
