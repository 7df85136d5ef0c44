import { expect, test } from 'vitest';
import { formatAddress } from '../../net/address.ts';
import { FlowLog } from './flow-log.ts';

const flow = (over: object = {}) => ({
  id: 'f',
  protocol: 'tcp',
  source: { address: '10.1.0.1', port: 40_000 },
  destination: { address: '10.1.0.2', port: 80 },
  state: 'established',
  ...over,
});

function logOf(lines: readonly (string | object)[], limits = {}): FlowLog {
  const log = new FlowLog('flows.jsonl', limits);
  for (const line of lines) log.add(typeof line === 'string' ? line : JSON.stringify(line));
  return log;
}

test('equal connections are one, with a count', () => {
  const { flows, counts } = logOf([
    flow(),
    flow({ id: 'g', state: 'closed' }),
    '',
    flow({ protocol: 'udp' }),
  ]);
  expect(flows.map(({ protocol, port, flows: many }) => [protocol, port, many])).toEqual([
    [6, 80, 2],
    [17, 80, 1],
  ]);
  expect(counts).toEqual({ lines: 4, flows: 3, broken: 0, others: 0, unestablished: 0 });
});

test('what was never established is no need', () => {
  const states = ['attempted', 'unanswered', 'refused', 'timed-out', 'unreachable', 'aborted'];
  const { flows, counts } = logOf(states.map((state) => flow({ state })));
  expect([flows.length, counts.unestablished]).toEqual([0, 6]);
});

test('an IPv4-mapped address is the IPv4 one', () => {
  const [first] = logOf([flow({ source: { address: '::ffff:10.1.0.1', port: 1 } })]).flows;
  expect(formatAddress(first!.source)).toBe('10.1.0.1');
});

test('of a flow that was named by the pod behind a Service, address and port are those of the pod', () => {
  const identity = { kind: 'workload', name: 'shop/db', via: 'shop/db-service' };
  const destination = { address: '10.96.0.1', port: 5432, identity };
  const behind = { address: '10.1.0.9', port: 15_432 };
  const { flows } = logOf([
    flow({ destination, translated: { destination: behind } }),
    flow({ destination: { ...destination, identity: undefined }, translated: { destination: behind } }),
    flow({ destination }),
  ]);
  expect(flows.map(({ destination: to, port }) => `${formatAddress(to)} ${port}`)).toEqual([
    '10.1.0.9 15432',
    '10.96.0.1 5432',
    '10.96.0.1 5432',
  ]);
});

test('records of a running picket: flows are taken, alerts counted', () => {
  const { flows, counts } = logOf([flow({ type: 'flow' }), { type: 'alert' }]);
  expect([flows.length, counts.others]).toEqual([1, 1]);
});

test('broken lines are counted, the first told with their place', () => {
  const broken = [
    '{"id":',
    'null',
    '[]',
    '7',
    flow({ protocol: 'none' }),
    flow({ state: 'open' }),
    flow({ source: { address: 'x' } }),
    flow({ destination: { address: '10.0.0.1', port: 70_000 } }),
    flow({ destination: { address: '10.0.0.1', port: '80' } }),
    '\u0000',
  ];
  const { flows, counts, diagnostics } = logOf(broken, { maxDiagnostics: 3 });
  expect([flows.length, counts.broken, diagnostics.length]).toEqual([0, broken.length, 3]);
  expect(diagnostics[1]).toMatchObject({
    code: 'PKT0460',
    message: 'line 2 is no flow: source: no address',
    span: { file: 'flows.jsonl', start: { line: 2, column: 1, offset: 7 } },
  });
});

test('a line that is too long is not parsed', () => {
  const { counts } = logOf([`"${'x'.repeat(200)}"`], { maxLine: 100 });
  expect(counts.broken).toBe(1);
});

test('more connections than are kept are said once, and refuse the whole', () => {
  const lines = [1, 2, 3, 4].map((port) => flow({ destination: { address: '10.1.0.2', port } }));
  const log = logOf([...lines, ...lines], { maxFlows: 2 });
  expect([log.flows.length, log.isFull]).toEqual([2, true]);
  expect(log.flows.map(({ flows }) => flows)).toEqual([2, 2]);
  expect(log.diagnostics.map(({ code }) => code)).toEqual(['PKT0461']);
});
