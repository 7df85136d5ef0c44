import { expect, test } from 'vitest';
import { bpfTypes } from '../../../sensor/bpf.ts';
import { recordedTypes } from './recorded-types.ts';

test('the sensor gives all types that are recorded, and none is named twice', () => {
  expect(recordedTypes.filter((type) => !bpfTypes.has(type))).toEqual([]);
  expect(new Set(recordedTypes).size).toBe(recordedTypes.length);
});
