import { closeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Btf } from './btf.ts';
import { functionType, functionTypes, type ProgramFunction } from './function-types.ts';
import { loadTypes } from './kernel.ts';

const functions: readonly ProgramFunction[] = [
  { name: 'main', at: 0, arguments: 1, isGlobal: false },
  { name: 'begin', at: 7, arguments: 1, isGlobal: false },
  { name: 'walk', at: 40, arguments: 3, isGlobal: true },
];

test('an integer, then a prototype and a function for each', () => {
  const bytes = functionTypes(functions);
  const view = new DataView(bytes.buffer);
  const [types, text] = [view.getUint32(12, true), view.getUint32(20, true)];
  expect(bytes.length).toBe(24 + types + text);
  expect(new TextDecoder().decode(bytes.subarray(24 + types))).toBe('\0u64\0value\0main\0begin\0walk\0');
  expect(functions.map((_, index) => functionType(index))).toEqual([3, 5, 7]);
  // Our own reader takes them for types as well.
  expect(() => new Btf(bytes)).not.toThrow();
});

test.skipIf(process.getuid?.() !== 0)('the kernel takes them (needs root)', () => {
  const fd = loadTypes(functionTypes(functions));
  expect(fd).toBeGreaterThan(0);
  closeSync(fd);
});

test.skipIf(process.getuid?.() !== 0)('and refuses a function without a name (needs root)', () => {
  expect(() => loadTypes(functionTypes([{ name: '1', at: 0, arguments: 1, isGlobal: true }]))).toThrow(
    /refused BPF types \(EINVAL\)/,
  );
});
