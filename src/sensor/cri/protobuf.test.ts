import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bool, int32, int64, many, map, message, one, string, strings } from './protobuf.ts';

const inner = message({ name: string(1), size: int64(2) });
const all = message({
  text: string(1),
  number: int32(2),
  big: int64(3),
  flag: bool(4),
  inner: one(5, inner),
  inners: many(6, inner),
  words: strings(7),
  labels: map(16),
});
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('the examples of the encoding guide (protobuf.dev/programming-guides/encoding)', () => {
  test('a varint: 150', () => {
    const type = message({ a: int32(1) });
    expect(type.decode(bytes('08 96 01'))).toEqual({ value: { a: 150 }, fault: undefined });
    expect(type.encode({ a: 150 })).toEqual(bytes('08 96 01'));
  });

  test('-2 takes ten bytes', () => {
    const type = message({ a: int32(1) });
    expect(type.encode({ a: -2 })).toEqual(bytes('08 fe ff ff ff ff ff ff ff ff 01'));
    expect(type.decode(bytes('08 fe ff ff ff ff ff ff ff ff 01')).value.a).toBe(-2);
  });

  test('a string: testing', () => {
    const type = message({ b: string(2) });
    expect(type.encode({ b: 'testing' })).toEqual(bytes('12 07 74 65 73 74 69 6e 67'));
    expect(type.decode(bytes('12 07 74 65 73 74 69 6e 67')).value.b).toBe('testing');
  });

  test('a message within', () => {
    const type = message({ c: one(3, message({ a: int32(1) })) });
    expect(type.encode({ c: { a: 150 } })).toEqual(bytes('1a 03 08 96 01'));
    expect(type.decode(bytes('1a 03 08 96 01')).value.c).toEqual({ a: 150 });
  });

  test('the last of several values counts, and messages in parts are merged', () => {
    expect(all.decode(bytes('0a 01 61 0a 01 62')).value.text).toBe('b');
    expect(all.decode(bytes('2a 03 0a 01 78 2a 02 10 05')).value.inner).toEqual({ name: 'x', size: 5n });
  });
});

test('what is written is read', () => {
  const part = fc.record({
    name: fc.string({ unit: 'grapheme' }),
    size: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  });
  const value = fc.record({
    text: fc.string({ unit: 'grapheme' }),
    number: fc.integer(),
    big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    flag: fc.boolean(),
    inner: fc.option(part, { nil: undefined }),
    inners: fc.array(part, { maxLength: 4 }),
    words: fc.array(fc.string(), { maxLength: 4 }),
    labels: fc.dictionary(fc.string(), fc.string(), { maxKeys: 4, noNullPrototype: false }),
  });
  fc.assert(
    fc.property(value, ({ inner: maybe, ...rest }) => {
      const given = { ...rest, ...(maybe !== undefined && { inner: maybe }) };
      const { value: read, fault } = all.decode(all.encode(given));
      expect(fault).toBeUndefined();
      expect({ ...read, labels: { ...read.labels } }).toEqual({
        ...given,
        inner: maybe,
        labels: { ...given.labels },
      });
    }),
  );
});

describe('bytes from outside', () => {
  test('fields that are not known are passed over, of any type', () => {
    const more = '50 01 59 01 02 03 04 05 06 07 08 62 02 00 00 6d 01 02 03 04';
    expect(all.decode(bytes(`${more} 0a 01 61`))).toMatchObject({ value: { text: 'a' }, fault: undefined });
  });

  test('so is a field of another type than it should be', () => {
    expect(all.decode(bytes('08 05 12 01 61 18 07'))).toMatchObject({
      value: { text: '', number: 0, big: 7n },
      fault: undefined,
    });
  });

  test.each([
    ['0a 01 61 12', 'a field is cut off'],
    ['0a 01 61 32 05 0a', 'a field is cut off'],
    ['0a 01 61 18 80', 'a number is cut off'],
    ['0a 01 61 18 80 80 80 80 80 80 80 80 80 80 01', 'a number of more than ten bytes'],
    ['0a 01 61 53', 'wire type 3'],
    ['0a 01 61 02 00', 'a field without a number'],
    ['0a 01 61 2a 03 0a 05 61', 'a field is cut off'],
  ])('%s: what was read stands, and what is wrong is told', (hex, reason) => {
    const { value, fault } = all.decode(bytes(hex));
    expect(value.text).toBe('a');
    expect(fault?.reason).toBe(
      reason === 'a field is cut off' && hex.endsWith('12') ? 'a number is cut off' : reason,
    );
    expect(fault?.at).toBeGreaterThan(2);
  });

  test('of an element that is cut off what was read stands, and one of which nothing was read is none', () => {
    expect(all.decode(bytes('32 05 0a 01 78 0a 09')).value.inners).toEqual([{ name: 'x', size: 0n }]);
    expect(all.decode(bytes('32 05 0a')).value.inners).toEqual([]);
    expect(all.decode(bytes('3a 05 0a')).value.words).toEqual([]);
  });

  test('a key of a map is only a key', () => {
    const { labels } = all.decode(all.encode({ labels: Object.fromEntries([['__proto__', 'x']]) })).value;
    expect(Object.entries(labels)).toEqual([['__proto__', 'x']]);
    expect(labels.constructor).toBeUndefined();
  });

  test('a few bytes do not become millions of objects', () => {
    const { value, fault } = all.decode(new Uint8Array(1_000_000).map((_, at) => (at % 2 === 0 ? 0x32 : 0)));
    expect(fault?.reason).toBe('too many elements');
    expect(value.inners).toHaveLength(65_536);
  });
});
