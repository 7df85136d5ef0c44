import { expect, test } from 'vitest';
import { postureOf } from '../../../posture/posture.fixture.ts';
import { podYaml } from '../../../segmentation/manifests.fixture.ts';
import { UsageError } from '../../command.ts';
import { endpointOf, matrixQuestion, portOf, requestOf } from './questions.ts';
import { sampleRows } from './sample.fixture.ts';

const posture = postureOf(
  podYaml('web', 'app: web', '', 'podIP: 10.1.0.1, hostIP: 192.0.2.1') + podYaml('api', 'app: api'),
);

test('a request is what was said of it, and no more', () => {
  expect(requestOf({})).toBeUndefined();
  expect(requestOf({ method: 'get', path: '/v1', host: 'Shop.Example' })).toEqual({
    method: 'GET',
    path: '/v1',
    host: 'shop.example',
  });
  expect(requestOf({ header: ['X-Team: red: 1', 'authorization:'] })).toEqual({
    headers: new Map([
      ['x-team', 'red: 1'],
      ['authorization', ''],
    ]),
  });
});

test.each([
  [{ path: 'v1' }, /must begin with \//],
  [{ path: '/v1?q=1' }, /without the query/],
  [{ header: ['no colon'] }, /name: value/],
  [{ header: ['bad name: x'] }, /name: value/],
])('%j is wrong use', (options, message) => {
  expect(() => requestOf(options)).toThrow(UsageError);
  expect(() => requestOf(options)).toThrow(message);
});

test('ports are numbers from 1 to 65535', () => {
  expect(portOf({})).toBeUndefined();
  expect(portOf({ port: '443' })).toBe(443);
  for (const port of ['0', '65536', 'http', '1.5', '']) expect(() => portOf({ port })).toThrow(UsageError);
});

test('--from and --to narrow the matrix to a workload, or to the range that has an address', () => {
  const { from } = matrixQuestion({ from: 'shop/web' }, posture);
  const ends = posture.inventory.workloads.map((workload) => ({ kind: 'workload', workload }) as const);
  expect(ends.map((end) => from?.(end))).toEqual([true, false]);
  const { to } = matrixQuestion({ to: '203.0.113.9' }, posture);
  const ranges = new Set(
    sampleRows.map(({ destination }) => destination).filter(({ kind }) => kind === 'external'),
  );
  expect([...ranges].map((end) => to?.(end))).toEqual([true, false]);
});

test('a node is no row of the matrix, and an unknown name is told with the nearest', () => {
  expect(() => matrixQuestion({ from: '192.0.2.1' }, posture)).toThrow(/is a node/);
  expect(() => endpointOf('shop/wbe', posture)).toThrow(UsageError);
});
