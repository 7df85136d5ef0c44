import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Frames, framed } from './frames.ts';

test('messages come out whole, however they are cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
  fc.assert(
    fc.property(messages, fc.array(fc.nat(100), { maxLength: 10 }), (given, cuts) => {
      const all = Buffer.concat(given.map(framed));
      const frames = new Frames(1000);
      const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length];
      const read = places.slice(1).flatMap((to, index) => frames.push(all.subarray(places[index], to)));
      expect(read.map((one) => [...one])).toEqual(given.map((one) => [...one]));
      expect(frames.isCut).toBe(false);
      expect(frames.fault).toBeUndefined();
    }),
  );
});

test('a message that is cut off is told', () => {
  const frames = new Frames(1000);
  expect(frames.push(framed(Uint8Array.of(1, 2, 3)).subarray(0, 7))).toEqual([]);
  expect(frames.isCut).toBe(true);
});

test('a message that is too large is refused before it is there', () => {
  const frames = new Frames(1000);
  expect(frames.push(Uint8Array.of(0, 0, 0, 4, 0))).toEqual([]);
  expect(frames.fault).toBe('a message of 1024 bytes');
  expect(frames.push(new Uint8Array(2000))).toEqual([]);
});

test('a compressed one is refused', () => {
  const frames = new Frames(1000);
  const all = Buffer.concat([framed(Uint8Array.of(9)), Uint8Array.of(1, 0, 0, 0, 1, 1)]);
  expect(frames.push(all).map((one) => [...one])).toEqual([[9]]);
  expect(frames.fault).toMatch(/compressed/);
});
