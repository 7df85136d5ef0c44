import { expect, test } from 'vitest';
import type { Flow } from '../flow/flow.ts';
import type { Finding } from './detector.ts';
import { failingDialOut } from './failing-dial-out.ts';
import { flowOf, named } from './flow.fixture.ts';

const host = '10.0.0.5';
const server = '198.51.100.7';

function start(settings: object = {}) {
  const detector = failingDialOut.create(failingDialOut.options.parse(settings));
  const findings: Finding[] = [];
  return { detector, findings, see: (flow: Flow) => findings.push(...detector.onFlow!(flow, 'decided')) };
}

function dial(n: number, changes: Partial<Flow> = {}): Flow {
  return flowOf(host, server, 1177, {
    state: 'timed-out',
    seenBy: 'network',
    openedAt: n * 10_000,
    ...changes,
  });
}

test('is told at the 50th failure, and when there are ten times as many', () => {
  const { see, findings } = start();
  for (let n = 0; n < 49; n++) see(dial(n));
  expect(findings).toEqual([]);
  for (let n = 49; n < 600; n++) see(dial(n));
  expect(findings).toHaveLength(2);
  expect(findings[0]!.title).toBe('10.0.0.5 dials 198.51.100.7:1177 in vain, again and again');
  expect(findings[0]!.explanation).toContain(
    'failed 50 times in 8 minutes to connect to 198.51.100.7 on tcp port 1177: 0 refused or unreachable, 50 without an answer, one about every 10.0 s. It never came through.',
  );
  expect(findings[0]!.evidence.find(({ name }) => name === 'failures')).toMatchObject({
    value: '50',
    expected: 'fewer than 50',
  });
});

test('a burst is told once it has gone on for five minutes', () => {
  const { see, findings } = start();
  for (let n = 0; n < 200; n++) see(dial(0, { openedAt: n }));
  expect(findings).toEqual([]);
  see(dial(0, { openedAt: 299_999 }));
  expect(findings).toEqual([]);
  see(dial(0, { openedAt: 300_000 }));
  expect(findings).toHaveLength(1);
});

test('a service that answers two times in five is told of, one that answers more often is not', () => {
  const mostly = start();
  const half = start();
  for (let n = 0; n < 300; n++) {
    mostly.see(dial(n, n % 5 < 2 ? { state: 'established' } : {}));
    half.see(dial(n, n % 2 ? { state: 'established' } : {}));
  }
  expect(mostly.findings).toHaveLength(1);
  expect(mostly.findings[0]!.explanation).toMatch(/It came through \d\d times\./);
  expect(half.findings).toEqual([]);
});

test('slower than the window, given up at once, declared, infrastructure: not told', () => {
  const { see, findings } = start();
  for (let n = 0; n < 300; n++) {
    see(dial(n * 60));
    see(dial(n, { state: 'aborted', destination: dial(0, {}).destination }));
    see(named(dial(n), 'shop/web', 'shop/db'));
    see({ ...dial(n), destination: { ...dial(0).destination, port: 123 } });
  }
  expect(findings).toEqual([]);
});

test('what others try at our public addresses is no dial-out; our own are, when they are named', () => {
  const others = start();
  const ours = start({ inside: ['203.0.113.0/24'] });
  for (let n = 0; n < 100; n++) {
    const flow = { ...dial(n), source: flowOf('203.0.113.9', server, 1).source };
    others.see(flow);
    ours.see(flow);
  }
  expect(others.findings).toEqual([]);
  expect(ours.findings).toHaveLength(1);
  expect(failingDialOut.options.safeParse({ inside: ['everything'] }).success).toBe(false);
});

test('a flood of pairs does not push out one that failed often, and memory is what the doc says', () => {
  const { detector, see, findings } = start({ maxPairs: 512 });
  let other = 0;
  for (let n = 0; n < 60; n++) {
    see(dial(n));
    for (let k = 0; k < 400; k++) {
      other++;
      see({
        ...dial(n),
        source: flowOf(`10.${1 + (other >> 16)}.${(other >> 8) & 255}.${other & 255}`, server, 1).source,
      });
    }
  }
  expect(findings.map(({ entity }) => entity)).toEqual([host]);
  expect(detector.evicted()).toBe(24_001 - 512);
  expect(detector.stateBytes()).toBeLessThan(512 * 1000);
});
