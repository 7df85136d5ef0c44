import type { FlowColumns, NumberColumn } from './columns.ts';

/**
 * Whole numbers as a segment has them: all lowest bytes, then all second ones, and so on. A number is `raw + base`; with `absent`,
 * `raw + base - 1`, and raw 0 stands for none.
 */
export interface Planes {
  readonly bytes: Uint8Array;
  readonly width: 1 | 2 | 4;
  readonly base: number;
  readonly absent: boolean;
}

/**
 * Adds the numbers of a column to the sum of the slot of each row; what nobody counted adds nothing. Reads the bytes of a segment as
 * they are: turning them into doubles first would take longer than adding them up.
 */
export function addUp(columns: FlowColumns, name: NumberColumn, slots: Int32Array, sums: Float64Array): void {
  const planes = columns.planes?.(name);
  if (planes === undefined) addDoubles(columns.numbers(name), slots, sums);
  else if (planes.width === 1) addBytes(planes, slots, sums);
  else if (planes.width === 2) addPairs(planes, slots, sums);
  else addFours(planes, slots, sums);
}

function addDoubles(values: Float64Array, slots: Int32Array, sums: Float64Array): void {
  for (let i = 0; i < slots.length; i++) sums[slots[i]!]! += values[i]! || 0;
}

/** What raw 0 stands for, and what is to be added to all others. */
function offsets({ base, absent }: Planes): readonly [zero: number, shift: number] {
  return absent ? [0, base - 1] : [base, base];
}

function addBytes(planes: Planes, slots: Int32Array, sums: Float64Array): void {
  const [zero, shift] = offsets(planes);
  const { bytes } = planes;
  for (let i = 0; i < slots.length; i++) {
    const raw = bytes[i]!;
    sums[slots[i]!]! += raw === 0 ? zero : raw + shift;
  }
}

function addPairs(planes: Planes, slots: Int32Array, sums: Float64Array): void {
  const [zero, shift] = offsets(planes);
  const { bytes } = planes;
  const second = bytes.subarray(slots.length);
  for (let i = 0; i < slots.length; i++) {
    const raw = bytes[i]! | (second[i]! << 8);
    sums[slots[i]!]! += raw === 0 ? zero : raw + shift;
  }
}

function addFours(planes: Planes, slots: Int32Array, sums: Float64Array): void {
  const [zero, shift] = offsets(planes);
  const { bytes } = planes;
  const rows = slots.length;
  const [second, third, fourth] = [bytes.subarray(rows), bytes.subarray(2 * rows), bytes.subarray(3 * rows)];
  for (let i = 0; i < rows; i++) {
    const raw = (bytes[i]! | (second[i]! << 8) | (third[i]! << 16) | (fourth[i]! << 24)) >>> 0;
    sums[slots[i]!]! += raw === 0 ? zero : raw + shift;
  }
}
