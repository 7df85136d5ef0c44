import { describe, expect, test } from 'vitest';
import { type Address, parseAddress } from '../net/address.ts';
import type { Flow } from './flow.ts';
import { asOpen, countOver, isContact, isCounted, stepsAtEnd } from './steps.ts';

const at = (text: string): Address => parseAddress(text) as Address;
const flow = (more: Partial<Flow> = {}, to = '198.51.100.2'): Flow => ({
  id: 'f',
  protocol: 6,
  source: { address: at('198.51.100.1'), port: 40_000 },
  destination: { address: at(to), port: 443 },
  state: 'closed',
  seenBy: 'network',
  openedAt: 1,
  closedAt: 9,
  lastAt: 8,
  reachedDestination: true,
  preexisting: false,
  ...more,
});
const brief = (one: Flow, isDecided?: boolean) =>
  stepsAtEnd(one, isDecided).map(
    ({ flow: step, change }) => `${change} ${step.state} ${step.closedAt ?? '-'}`,
  );

describe('a flow that is told when it is over', () => {
  test('is decided, then closed, or told in parts', () => {
    expect(brief(flow())).toEqual(['decided established -', 'closed closed 9']);
    expect(brief(flow({ endReason: 'active', part: 1, state: 'established' }))).toEqual([
      'decided established -',
      'part established 9',
    ]);
    expect(brief(flow({ part: 2 }))).toEqual(['closed closed 9']);
    expect(brief(flow(), true)).toEqual(['closed closed 9']);
  });

  test('that never came about ends with its fate', () => {
    const { closedAt: _, ...unanswered } = flow({ state: 'unanswered' });
    expect(brief(flow({ state: 'refused' }))).toEqual(['decided refused 9']);
    expect(brief(unanswered)).toEqual(['decided unanswered 8']);
    expect(brief({ ...unanswered, endReason: 'active' })).toEqual(['part unanswered -']);
  });

  test('is counted once, whatever its steps', () => {
    for (const one of [
      flow(),
      flow({ state: 'refused' }),
      flow({ state: 'attempted' }),
      flow({ part: 3, endReason: 'active' }),
    ])
      expect(countOver(stepsAtEnd(one))).toBe(1);
    expect(countOver([{ flow: flow(), change: 'counted' }])).toBe(0);
  });

  test('is all of it but the end while it goes on', () => {
    // A field that is new in a flow fails the type check here.
    const all: Required<Flow> = {
      ...flow(),
      closedAt: 9,
      lastAt: 8,
      establishedAt: 2,
      verdict: { decision: 'allow', reasons: [] } as unknown as NonNullable<Flow['verdict']>,
      sent: { packets: 1, bytes: 2 },
      received: { packets: 3, bytes: 4, tcpFlags: 5 },
      icmp: { type: 8, code: 0 },
      vlans: [7],
      tunnel: { kind: 'gre' },
      names: { dns: 'a.example' },
      translated: {},
      observation: { by: 'ipfix' },
      endReason: 'idle',
      part: 3,
      awaitsCounts: true,
      communityId: '1:x',
    };
    const { closedAt: _closedAt, endReason: _endReason, ...open } = all;
    expect(asOpen(all)).toStrictEqual(open);
    expect(asOpen(all, 'established')).toStrictEqual({ ...open, state: 'established' });
    const { closedAt: _, ...least } = flow();
    expect(asOpen(least)).toStrictEqual(least);
  });

  test('tells what was counted once', () => {
    const counted = (one: Flow) =>
      stepsAtEnd(one).filter(({ flow: step, change }) => isCounted(step, change)).length;
    for (const one of [flow(), flow({ state: 'refused' }), flow({ part: 2 }), flow({ endReason: 'active' })])
      expect(counted(one)).toBe(1);
    expect(counted(flow({ awaitsCounts: true }))).toBe(0);
    expect(isCounted(flow(), 'counted')).toBe(true);
  });

  test('has no fate where nobody need answer', () => {
    expect(isContact(flow())).toBe(true);
    for (const to of ['224.0.0.251', 'ff02::fb', '255.255.255.255'])
      expect(brief(flow({}, to))).toEqual(['closed closed 9']);
    expect(isContact(flow({ state: 'attempted' }))).toBe(false);
    expect(isContact(flow({ protocol: 1, icmp: { type: 8, code: 0 } }))).toBe(true);
    expect(isContact(flow({ protocol: 1, icmp: { type: 3, code: 1 } }))).toBe(false);
    expect(isContact(flow({ protocol: 58, icmp: { type: 135, code: 0 } }))).toBe(false);
  });
});
