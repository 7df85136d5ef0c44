import { beforeAll, expect, test } from 'vitest';
import { loadPublicSuffixes } from '../../detect/registrable-domain.ts';
import type { Flow, FlowState } from '../../flow/flow.ts';
import { readManifests } from '../../manifest/read.ts';
import { parseAddress } from '../../net/address.ts';
import { compilePosture } from '../../posture/compile.ts';
import { FlowReplay } from './flow-replay.ts';

beforeAll(loadPublicSuffixes);

const posture = compilePosture(readManifests([]), {});
const start = 1_700_000_000_000;

function flow(number: number, state: FlowState, more: Partial<Flow> & { readonly to?: string } = {}): Flow {
  const { to = '10.1.0.9', ...rest } = more;
  return {
    id: String(number),
    protocol: 6,
    source: { address: parseAddress('198.51.100.66')!, port: 40_000 },
    destination: { address: parseAddress(to)!, port: 1 + number },
    state,
    seenBy: 'network',
    openedAt: start + number * 100,
    lastAt: start + number * 100 + 50,
    ...(state === 'closed' && { closedAt: start + number * 100 + 50 }),
    reachedDestination: false,
    preexisting: false,
    ...rest,
  };
}

function replayed(flows: readonly Flow[]) {
  const replay = new FlowReplay(posture);
  for (const one of flows) replay.take(one);
  replay.end();
  return replay;
}

const many = (state: FlowState, more: Partial<Flow> & { readonly to?: string } = {}) =>
  Array.from({ length: 40 }, (_, number) => flow(number, state, more));

test('a scan is one alert, told as it ended, the same at every replay', () => {
  const [one, again] = [replayed(many('refused')), replayed(many('refused'))];
  expect(one.alerts).toMatchObject([{ id: 'replay-1', detector: 'port-scan', firstAt: start + 350 }]);
  expect(one.alerts[0]?.title).toContain('tried 40 ports');
  expect(again.alerts).toEqual(one.alerts);
});

test.each([
  ['connections that came to their end', many('closed')],
  ['halves of conversations', many('attempted')],
  ['datagrams to many', many('unanswered', { protocol: 17, to: '224.0.0.251' })],
  ['datagrams to everybody', many('unanswered', { protocol: 17, to: '255.255.255.255' })],
  [
    'messages that a destination cannot be reached',
    Array.from({ length: 40 }, (_, number) =>
      flow(number, 'unanswered', { protocol: 1, icmp: { type: 3, code: 3 }, to: `10.1.0.${number}` }),
    ),
  ],
])('%s are no scan', (_, flows) => {
  const replay = replayed(flows);
  expect(replay.raised).toBe(0);
  expect(replay.summary.total.flows).toBe(40);
});

test('pings of many are one', () => {
  const pings = Array.from({ length: 40 }, (_, number) =>
    flow(number, 'unanswered', { protocol: 1, icmp: { type: 8, code: 0 }, to: `10.1.0.${number}` }),
  );
  expect(replayed(pings).raised).toBe(1);
});

test('a gap of years costs no more than one of minutes, and time does not go back', () => {
  const years = flow(1, 'refused', { lastAt: start + 10 * 365 * 86_400_000 });
  const begun = performance.now();
  const replay = replayed([flow(0, 'refused'), years, ...many('refused')]);
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(replay.summary.until).toBe(years.lastAt);
});
