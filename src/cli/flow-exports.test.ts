import { expect, test } from 'vitest';
import { UsageError } from './command.ts';
import { parseFlowExports } from './flow-exports.ts';

test.each([
  ['198.51.100.7:2055', 'udp', '198.51.100.7', 2055],
  ['198.51.100.7', 'udp', '198.51.100.7', 4739],
  ['udp://collector.example', 'udp', 'collector.example', 4739],
  ['tcp://collector-2.example:9995', 'tcp', 'collector-2.example', 9995],
  ['[::1]:4739', 'udp', '::1', 4739],
  ['tcp://[2001:db8::7]', 'tcp', '2001:db8::7', 4739],
  ['[fe80::1%eth0]:4739', 'udp', 'fe80::1%eth0', 4739],
] as const)('%s', async (text, transport, host, port) => {
  expect(await parseFlowExports([text], [])).toEqual([{ transport, host, port }]);
});

test.each([
  '',
  '2055',
  ':4739',
  'host:0',
  'host:65536',
  'host:port',
  '2001:db8::7',
  '[198.51.100.7]:1',
  '198.51.100.256',
  'sctp://host',
  'a b',
  'host/path',
])('%j is refused', async (text) => {
  await expect(parseFlowExports([text], [])).rejects.toThrow(UsageError);
});

test('what is sent over TCP comes to no socket that takes datagrams', async () => {
  const listening = [{ address: '0.0.0.0', port: 4739 }];
  await expect(parseFlowExports(['udp://127.0.0.1'], listening)).rejects.toThrow(UsageError);
  expect(await parseFlowExports(['tcp://127.0.0.1'], listening)).toHaveLength(1);
  expect(await parseFlowExports(['udp://127.0.0.1:4740', 'udp://203.0.113.9'], listening)).toHaveLength(2);
});
