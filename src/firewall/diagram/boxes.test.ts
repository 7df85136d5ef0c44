import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Box, BoxRow, boxOf, wordsOfPacket } from './boxes.ts';
import { Diagrams, type Node, never } from './diagrams.ts';
import type { Place } from './space.ts';

/** Fields of a few bits, and one of two words, of which only some bits are asked for. */
const places: readonly Place[] = [
  { field: 'protocol', first: 0, width: 3 },
  { field: 'source', first: 3, width: 64 },
  { field: 'destination port', first: 67, width: 3 },
  { field: 'state', first: 70, width: 2 },
];
const asked = [0, 1, 2, 3, 34, 35, 66, 67, 68, 69];

const literals = fc.array(fc.tuple(fc.constantFrom(...asked), fc.boolean()), { maxLength: 5 });
/** A union of conjunctions. */
const sets = fc.array(literals, { minLength: 1, maxLength: 4 });

function setOf(diagrams: Diagrams, terms: readonly (readonly (readonly [number, boolean])[])[]): Node {
  return diagrams.union(
    terms.map((term) =>
      term.reduce<Node>((sum, [variable, value]) => {
        const bit = diagrams.variable(variable);
        return value ? diagrams.and(sum, bit) : diagrams.minus(sum, bit);
      }, 1),
    ),
  );
}

/** Words of all packets of a set, in which what is not asked for is 0, and in which it is 1. */
function* packetsOf(diagrams: Diagrams, set: Node): Generator<Uint32Array> {
  for (const rest of [0, 1]) {
    for (let row = 0; row < 2 ** asked.length; row++) {
      const values = new Uint8Array(72).fill(rest);
      for (const [at, variable] of asked.entries()) values[variable] = (row >> at) & 1;
      if (diagrams.isTrue(set, values)) yield wordsOfPacket(values, places);
    }
  }
}

const fieldWords = [[0], [1, 2], [3], [4]];

test('a box goes from the lowest to the highest value of each field', () => {
  const property = fc.property(sets, (terms) => {
    const diagrams = new Diagrams();
    const set = setOf(diagrams, terms);
    fc.pre(set !== never);
    const packets = [...packetsOf(diagrams, set)];
    const box = boxOf(diagrams, set, places);
    for (const words of fieldWords) {
      let isCertain = true;
      const values = packets.map((packet) => words.map((word) => packet[word]!));
      values.sort((x, y) => x[0]! - y[0]! || (x[1] ?? 0) - (y[1] ?? 0));
      const [low, high] = [values[0]!, values.at(-1)!];
      for (const [at, word] of words.entries()) {
        const range = [box.lows[word], box.highs[word]];
        const isWhole = words[0] !== 1 && low[at] === 0 && range[1] === 0xffff_ffff;
        if (!isWhole) expect(range).toEqual(isCertain ? [low[at], high[at]] : [0, 0xffff_ffff]);
        isCertain &&= low[at] === high[at];
      }
    }
  });
  fc.assert(property, { numRuns: 150, seed: 2 });
});

test('a row finds the boxes that overlap, in their order', () => {
  const word = fc.oneof(
    fc.constantFrom([0, 0xffff_ffff] as const),
    fc
      .tuple(fc.nat({ max: 40 }), fc.nat({ max: 6 }), fc.constantFrom(1, 0x0300_0001))
      .map(([low, more, factor]) => [low * factor, (low + more) * factor] as const),
  );
  const boxes = fc.array(word, { minLength: 6, maxLength: 6 }).map(
    (words): Box => ({
      lows: Uint32Array.from(words, ([low]) => low),
      highs: Uint32Array.from(words, ([, high]) => high),
    }),
  );
  let hits = 0;
  const rows = fc.array(boxes, { maxLength: 1500, size: 'max' });
  const property = fc.property(rows, fc.array(boxes, { minLength: 5 }), (row, questions) => {
    const found = new BoxRow(row);
    for (const box of questions) {
      const places: number[] = [];
      for (let at = found.next(box, 0); at >= 0; at = found.next(box, at + 1)) places.push(at);
      const expected = [...row.keys()].filter((at) =>
        box.lows.every((low, i) => row[at]!.highs[i]! >= low && row[at]!.lows[i]! <= box.highs[i]!),
      );
      expect(places).toEqual(expected);
      hits += places.length;
      const last = places.at(-1);
      if (last !== undefined) expect(found.next(box, last, last)).toBe(-1);
    }
  });
  fc.assert(property, { numRuns: 30, seed: 5 });
  expect(hits).toBeGreaterThan(1000);
});
