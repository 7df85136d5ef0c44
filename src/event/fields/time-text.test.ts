import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoText, parseIsoText } from './time-text.ts';

test('what is written is read', () => {
  const latest = BigInt(Date.UTC(9999, 11, 31)) * 1_000_000n;
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: latest }), (time) => parseIsoText(isoText(time)) === time));
});

test.each([
  ['1970-01-01T00:00:01Z', 1_000_000_000n],
  ['1970-01-01T00:00:01.5Z', 1_500_000_000n],
  ['1970-01-01T01:00:00.000000001+01:00', 1n],
  ['1970-01-01T00:00:01', undefined],
  ['1970-01-01 00:00:01Z', undefined],
  ['1970-13-01T00:00:01Z', undefined],
  ['1970-01-01T00:00:01.1234567890Z', undefined],
  ['1970-01-01T00:00:01+00:01', undefined],
  ['9999-12-31T23:59:59-00:01', undefined],
  ['', undefined],
])('%s', (text, wanted) => expect(parseIsoText(text)).toBe(wanted));
