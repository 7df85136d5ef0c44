import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSeconds, parseTimestamp } from './timestamp.ts';

test('dates and times are those of Date.parse, where that reads them', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true }),
      fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 }),
      (date, minutes) => {
        expect(parseTimestamp(date.toISOString())).toBe(date.getTime());
        const two = (n: number) => String(n).padStart(2, '0');
        const [sign, all] = [minutes < 0 ? '-' : '+', Math.abs(minutes)];
        const zone = `${sign}${two(Math.floor(all / 60))}:${two(all % 60)}`;
        const text = date.toISOString().replace('Z', zone);
        const expected = Date.parse(text);
        expect(parseTimestamp(text)).toBe(expected < 0 ? undefined : expected);
        expect(parseTimestamp(text.replace(/:(\d\d)$/, '$1'))).toBe(expected < 0 ? undefined : expected);
      },
    ),
  );
});

test.each([
  ['2023-08-21T12:12:13.517394084Z', Date.parse('2023-08-21T12:12:13.517Z') + 0.394084],
  ['2026-02-03T04:05:06.000250+0200', Date.parse('2026-02-03T02:05:06Z') + 0.25],
  ['2026-02-03 04:05:06', Date.parse('2026-02-03T04:05:06Z')],
  ['2026-13-03T04:05:06Z', undefined],
  ['1969-12-31T23:59:59Z', undefined],
  ['yesterday', undefined],
  [17, undefined],
])('%s', (text, expected) => {
  const found = parseTimestamp(text);
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toBeCloseTo(expected, 3);
});

test('seconds keep their microseconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: 0, max: 999_999 }), (seconds, micros) => {
      const text = `${seconds}.${String(micros).padStart(6, '0')}`;
      const expected = (seconds * 1e6 + micros) / 1e3;
      expect(parseSeconds(text)).toBe(expected);
      expect(parseSeconds(Number(text))).toBeCloseTo(expected, 2);
    }),
  );
  for (const wrong of ['', '-1', '1e3', 'x', '1.', -1, Number.NaN, Number.POSITIVE_INFINITY, null])
    expect(parseSeconds(wrong)).toBeUndefined();
});
