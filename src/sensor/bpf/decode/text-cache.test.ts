import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextCache } from './text-cache.ts';

const byte = fc.oneof(fc.constantFrom(0x61, 0x2f, 0xc3, 0xa9, 0), fc.integer({ min: 0, max: 255 }));
const texts = fc.array(
  fc.uint8Array({ maxLength: 200 }).chain((one) =>
    fc.constantFrom(
      one,
      one.map((at) => at & 3),
    ),
  ),
  {
    minLength: 1,
    maxLength: 60,
  },
);

test('a text is that of its bytes, however many others were asked for before', () => {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  fc.assert(
    fc.property(texts, fc.array(byte, { maxLength: 8 }), (many, behind) => {
      const bytes = new Uint8Array(many.flatMap((one) => [...one, ...behind]));
      const cache = new TextCache(bytes);
      for (let round = 0; round < 2; round++) {
        let start = 0;
        for (const one of many) {
          expect(cache.text(start, start + one.length)).toBe(decoder.decode(one));
          start += one.length + behind.length;
        }
      }
    }),
  );
});

test('texts that differ in one byte are told apart, wherever it is', () => {
  const text = 'x'.repeat(127);
  const bytes = new TextEncoder().encode(text);
  const cache = new TextCache(bytes);
  expect(cache.text(0, 127)).toBe(text);
  for (let at = 0; at < 127; at++) {
    bytes[at] = 0x79;
    const changed = `${'x'.repeat(at)}y${'x'.repeat(126 - at)}`;
    expect(cache.text(0, 127)).toBe(changed);
    bytes[at] = 0x78;
    expect(cache.text(0, 127)).toBe(text);
  }
});

test('what is made of a text is made once while its slot holds it', () => {
  let made = 0;
  const cache = new TextCache(new TextEncoder().encode('/etc/passwd'), (text) => {
    made++;
    return text.toUpperCase();
  });
  expect([cache.text(0, 11), cache.text(0, 11), cache.text(1, 4)]).toEqual([
    '/ETC/PASSWD',
    '/ETC/PASSWD',
    'ETC',
  ]);
  expect(made).toBe(2);
});
