import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageRing } from './message-ring.ts';

/** All that the ring still holds from `next` on, and how much of it is gone. */
function rest(ring: MessageRing, next: number, bytes: number): { missed: number; text: string } {
  const missed = ring.missed(next);
  let text = '';
  for (let at = next + missed; at < ring.end; ) {
    const read = ring.read(at, bytes);
    expect(read.next).toBeGreaterThan(at);
    text += read.copy.toString();
    at = read.next;
  }
  return { missed, text };
}

test('holds the newest messages whole and in order, whatever their sizes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 64 }),
      fc.array(fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }), { maxLength: 60 }),
      fc.nat(60),
      fc.integer({ min: 1, max: 30 }),
      (maxMessages, maxBytes, messages, from, bytes) => {
        const ring = new MessageRing(maxMessages, maxBytes);
        for (const message of messages) ring.push(message);
        expect(ring.end).toBe(messages.length);
        const next = Math.min(from, messages.length);
        const { missed, text } = rest(ring, next, bytes);
        const held = messages.slice(next + missed);
        expect(text).toBe(held.join(''));
        expect(held.length).toBeLessThanOrEqual(maxMessages);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes);
      },
    ),
    { numRuns: 2000 },
  );
});

test('wastes at most the room of one message', () => {
  const ring = new MessageRing(1000, 1000);
  for (let n = 0; n < 500; n += 1) ring.push(String(n).padStart(30, '.'));
  expect(500 - ring.missed(0)).toBeGreaterThanOrEqual(32);
});

test('a message larger than the ring is missed, and the next one is held again', () => {
  const ring = new MessageRing(10, 10);
  ring.push('before');
  ring.push('far too large');
  expect(rest(ring, 0, 100)).toEqual({ missed: 2, text: '' });
  ring.push('after');
  expect(rest(ring, 0, 100)).toEqual({ missed: 2, text: 'after' });
});
