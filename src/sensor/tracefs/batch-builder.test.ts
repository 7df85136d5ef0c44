import { expect, test } from 'vitest';
import { BatchBuilder } from './batch-builder.ts';

test('records survive growth, and a taken batch is one buffer that can be transferred', () => {
  const builder = new BatchBuilder(1000);
  while (!builder.full) {
    const row = builder.add();
    builder.columns.time[row] = row + 0.5;
    builder.columns.socket.set([row, row + 1], row * 2);
    builder.columns.localAddress.set([1, 2, 3, row], row * 4);
    builder.columns.localPort[row] = row;
    builder.columns.kind[row] = row % 7;
  }
  const { batch, buffer } = builder.take();
  const moved = structuredClone(batch, { transfer: [buffer] });
  expect(moved.count).toBe(1000);
  expect(batch.time.length).toBe(0);
  for (let row = 0; row < 1000; row++) {
    expect(moved.time[row]).toBe(row + 0.5);
    expect([...moved.socket.subarray(row * 2, row * 2 + 2)]).toEqual([row, row + 1]);
    expect([...moved.localAddress.subarray(row * 4, row * 4 + 4)]).toEqual([1, 2, 3, row]);
    expect(moved.localPort[row]).toBe(row);
    expect(moved.kind[row]).toBe(row % 7);
  }
});

test('a new batch starts empty, zeroed, and shrinks with the load', () => {
  const builder = new BatchBuilder(10_000);
  for (let i = 0; i < 10_000; i++) builder.columns.pid[builder.add()] = 9;
  builder.take();
  const sizes: number[] = [];
  for (let round = 0; round < 3; round++) {
    builder.columns.kind[builder.add()] = 1;
    expect(builder.columns.pid[0]).toBe(0);
    sizes.push(builder.take().buffer.byteLength);
  }
  expect(sizes[0]).toBe(64 * 16_384);
  expect(sizes[2]).toBe(64 * 64);
});
