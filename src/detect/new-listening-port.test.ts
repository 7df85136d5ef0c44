import { expect, test } from 'vitest';
import { newListeningPort } from './new-listening-port.ts';
import { call, calls, day, hour, watch } from './novelty.fixture.ts';

const server = '10.1.0.9';
const web = call('198.51.100.7', server, 443);

test('a port that never answered before is told once, with who answers there', () => {
  const { see, live, findings } = watch(newListeningPort);
  live(0, 8 * day, web, call('10.1.0.5', server, 22));
  const process = { pid: 77, comm: 'nc', command: 'nc -l 4444' };
  const flow = call('10.1.0.5', server, 4444, { seenBy: 'both' })(8 * day);
  const finding = see({ ...flow, destination: { ...flow.destination, process } })!;
  expect(finding).toMatchObject({
    severity: 'medium',
    entity: server,
    title: '10.1.0.9 answers on tcp port 4444 for the first time',
  });
  expect(finding.explanation).toMatch(
    /^10\.1\.0\.9 answered 10\.1\.0\.5 on tcp port 4444 by nc\[77\], where it never answered before\. In 8 days of learning it had 2 different ports;/,
  );
  expect(finding.evidence.find(({ name }) => name === 'process')?.value).toBe('nc[77]: nc -l 4444');
  see(call('198.51.100.7', server, 4444)(8 * day + 1));
  live(8 * day, 9 * day, web);
  expect(findings).toHaveLength(1);
});

test('attempts that nobody answers are none', () => {
  const { see, live, findings } = watch(newListeningPort);
  live(0, 8 * day, web);
  for (const state of ['refused', 'timed-out', 'unreachable', 'unanswered', 'aborted'] as const)
    see(call('198.51.100.7', server, 4444, { state })(8 * day));
  expect(findings).toEqual([]);
});

test('high ports count where a socket told of the call, all of them as one', () => {
  const { see, live, findings } = watch(newListeningPort);
  live(0, 8 * day, web);
  see(call('198.51.100.7', server, 50_000)(8 * day));
  expect(findings).toEqual([]);
  see(call('198.51.100.7', server, 50_000, { seenBy: 'destination' })(8 * day + hour));
  see(call('198.51.100.7', server, 50_001, { seenBy: 'destination' })(8 * day + hour));
  expect(findings).toHaveLength(1);
});

test('servers elsewhere are not ours, unless they are declared or in a network that is', () => {
  const { see, live, findings } = watch(newListeningPort, { inside: ['203.0.113.0/24'] });
  for (const port of [443, 22]) {
    const to = (at: number) => [
      call('10.1.0.5', '198.51.100.7', port)(at),
      call('10.1.0.5', '203.0.113.7', port)(at),
      calls('shop/web', 'shop/api', port)(at),
    ];
    if (port === 443) for (const n of [0, 1, 2]) live(0, 8 * day, (at) => to(at)[n]!);
    else for (const flow of to(8 * day)) see(flow);
  }
  expect(findings.map(({ entity }) => entity)).toEqual(['203.0.113.7', 'shop/api']);
});
