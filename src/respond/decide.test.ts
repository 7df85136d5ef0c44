import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatPrefix, prefixCovers, prefixOf } from '../net/prefix.ts';
import { decide } from './decide.ts';
import { HourBudget } from './hour-budget.ts';
import type { Response } from './model.ts';
import type { Step } from './playbooks.ts';
import { address, facts, playbook, playbooks, prefix, scan } from './respond.fixture.ts';

const [block] = playbook.steps as [Step];
const run = (
  more: Parameters<typeof facts>[0] = {},
  how: Partial<typeof playbook> = {},
  step = block,
  trigger = scan,
) => decide('r1', { ...playbook, ...how }, step, trigger, playbooks, facts(more));

describe('what becomes of a step', () => {
  test('a dry run is told, a playbook with approval waits, one without is applied', () => {
    expect(run({}, { dryRun: true })).toMatchObject({ state: 'proposed' });
    expect(run()).toMatchObject({ state: 'waiting', answerBy: 910_000, title: 'block 203.0.113.9 for 1h' });
    expect(run({}, { approval: false })).toMatchObject({ state: 'applying' });
  });

  test('it says exactly what is done and undone, and who it belongs to', () => {
    expect(run()).toMatchObject({
      after: 'add element inet picket_respond block4 { 203.0.113.9 timeout 3600s comment "r1" }\n',
      undo: 'delete element inet picket_respond block4 { 203.0.113.9 }\n',
      owner: { alertId: 'a1', detector: 'port-scan' },
      reason: 'port-scan: 203.0.113.9 tried 100 ports',
    });
    const limit: Step = {
      kind: 'limit',
      end: 'entity',
      seconds: 60,
      rate: { count: 5, period: 'second', burst: 9 },
    };
    expect(run({}, {}, limit)).toMatchObject({
      title: 'limit 203.0.113.9 to 5 packets a second for 1m',
      after: expect.stringContaining(
        'add limit inet picket_respond r1 { rate over 5/second burst 9 packets; }\n',
      ),
    });
  });

  test.each([
    ['protected', { protectedSet: { why: () => 'a gateway' } }, '203.0.113.9 is protected: a gateway'],
    ['held', { held: 'nothing is done since the panic' }, 'nothing is done since the panic'],
    [
      'musts',
      { brokenMusts: () => [{ name: 'pay', reason: 'money', connection: 'a → b' }] },
      'the assertion "pay" would break (a → b: money)',
    ],
    ['ways', { controlCuts: () => ['ssh from 203.0.113.9'] }, 'it would cut ssh from 203.0.113.9'],
    [
      'peers',
      { blast: () => ({ conversations: 1000, cut: 20, peers: 17, examples: [], unseen: 0 }) },
      'it cuts off 17 peers of the last days, and may 16 (limits.peers)',
    ],
    [
      'per cent',
      { blast: () => ({ conversations: 100, cut: 6, peers: 1, examples: [], unseen: 0 }) },
      'it would have cut 6 of 100 conversations of the last days, and may 5 % (limits.percent)',
    ],
    [
      'flows that cannot be read',
      { blast: () => ({ conversations: 0, cut: 0, peers: 0, examples: [], unseen: 0, unknown: 'no store' }) },
      'what it would have cut is not known: no store',
    ],
  ])('refused: %s', (_, more, why) => {
    for (const how of [{}, { approval: false }, { dryRun: true }])
      expect(run(more, how)).toMatchObject({ state: 'refused', why });
  });

  test('the widest that is blocked, and the address alone where nothing is said', () => {
    const wide = (ipv4: number): Step => ({
      ...(block as Extract<Step, { kind: 'block' }>),
      width: { 4: ipv4, 6: 48 },
    });
    expect(run({}, {}, wide(24))?.action).toMatchObject({ prefix: '203.0.113.0/24' });
    expect(run({}, {}, wide(23))).toMatchObject({
      state: 'refused',
      why: expect.stringContaining('shortestPrefix'),
    });
    const mapped = { ...scan, source: '::ffff:203.0.113.9' };
    expect(run({}, {}, block, mapped)?.action).toMatchObject({ prefix: '203.0.113.9/32' });
  });

  test('what is open already is not asked for twice, and what overlaps it is refused', () => {
    const open = run()!;
    expect(run({ open: [open] })).toBeUndefined();
    const wide: Step = { kind: 'block', end: 'source', seconds: 60, width: { 4: 24, 6: undefined } };
    expect(run({ open: [open] }, {}, wide)).toMatchObject({
      state: 'refused',
      why: expect.stringContaining('r1'),
    });
    expect(run({ open: [run({}, {}, wide)!] })).toBeUndefined();
    const limit: Step = {
      kind: 'limit',
      end: 'source',
      seconds: 60,
      rate: { count: 5, period: 'second', burst: 9 },
    };
    expect(run({ open: [open] }, {}, limit)).toBeUndefined();
    expect(run({ open: [run({}, {}, limit)!] })).toMatchObject({ state: 'waiting' });
    const { source: _, ...none } = scan;
    expect(run({}, {}, block, none)).toBeUndefined();
  });

  test('budgets by playbook and of all', () => {
    const budget = new HourBudget(100);
    for (let done = 0; done < 3; done++) budget.note('scans', 9_000);
    expect(run({ budget }, { perHour: 3 })).toMatchObject({
      why: 'scans has done 3 responses within the hour (perHour)',
    });
    expect(run({ budget }, { perHour: 4 })).toMatchObject({ state: 'waiting' });
    for (let done = 0; done < 7; done++) budget.note('other', 9_000);
    expect(run({ budget })).toMatchObject({ why: expect.stringContaining('limits.perHour') });
    expect(run({ budget, now: 9_000 + 3_600_000 })).toMatchObject({ state: 'waiting' });
  });
});

test('whatever comes, nothing protected is touched, and no limit is exceeded', () => {
  const byte = fc.nat({ max: 255 });
  const oneOf = fc
    .tuple(fc.constantFrom('203.0.113', '198.51.100'), byte)
    .map(([head, last]) => `${head}.${last}`);
  const guard = fc
    .tuple(oneOf, fc.integer({ min: 20, max: 32 }))
    .map(([text, length]) => prefixOf(address(text), length));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(oneOf, fc.integer({ min: 20, max: 32 })), { maxLength: 30 }),
      fc.array(guard, { maxLength: 3 }),
      fc.boolean(),
      (asked, guarded, approval) => {
        const budget = new HourBudget(100);
        const open: Response[] = [];
        const overlap = (text: string) =>
          guarded.some((one) => prefixCovers(one, prefix(text)) || prefixCovers(prefix(text), one));
        for (const [source, width] of asked) {
          const step: Step = { kind: 'block', end: 'source', seconds: 60, width: { 4: width, 6: undefined } };
          const made = decide(
            `r${open.length}`,
            { ...playbook, approval, perHour: 5 },
            step,
            { ...scan, source },
            playbooks,
            {
              ...facts({ open, budget }),
              protectedSet: { why: (one) => (overlap(formatPrefix(one)) ? 'guarded' : undefined) },
            },
          );
          if (made === undefined || made.state === 'refused') continue;
          open.push(made);
          budget.note('scans', 10_000);
        }
        expect(open.length).toBeLessThanOrEqual(5);
        for (const { action, state } of open) {
          expect(state).toBe(approval ? 'waiting' : 'applying');
          expect(overlap(action.prefix)).toBe(false);
          expect(prefix(action.prefix).length).toBeGreaterThanOrEqual(24);
        }
      },
    ),
  );
});
