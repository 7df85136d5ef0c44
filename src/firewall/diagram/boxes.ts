import { always, type Diagrams, type Node, never } from './diagrams.ts';
import type { Place } from './space.ts';

/** From where to where numbers go, for each word of 32 bits of all fields; empty where a low is above its high. */
export interface Box {
  readonly lows: Uint32Array;
  readonly highs: Uint32Array;
}

const highest = 0xffff_ffff;

/**
 * Returns the smallest box that a set lies in: for each field its lowest and highest value, as words aligned to the left.
 * A word is bounded where the words of its field before it are the same in both. `places` stand in the order of variables.
 */
export function boxOf(diagrams: Diagrams, set: Node, places: readonly Place[]): Box {
  const count = places.reduce((sum, { width }) => sum + wordsOf(width), 0);
  const box = { lows: new Uint32Array(count), highs: new Uint32Array(count).fill(highest) };
  if (set === never) {
    box.lows.fill(1);
    box.highs.fill(0);
    return box;
  }
  let nodes: readonly Node[] = [set];
  let at = 0;
  for (const { first, width } of places) {
    if (nodes.length === 1 && nodes[0] === always) break;
    const isAsked = nodes.some((node) => diagrams.variableOf(node) < first + width);
    if (isAsked) {
      const [low, high] = [0, 1].map((side) => extreme(diagrams, nodes, first, width, side));
      for (let word = 0; word < low!.length; word++) {
        box.lows[at + word] = low![word]!;
        box.highs[at + word] = high![word]!;
        if (low![word] !== high![word]) break;
      }
      nodes = behind(diagrams, nodes, first + width);
    }
    at += wordsOf(width);
  }
  return box;
}

/** Returns the words of all fields of a packet, given as the values of its variables. */
export function wordsOfPacket(values: Uint8Array, places: readonly Place[]): Uint32Array {
  const words: number[] = [];
  for (const { first, width } of places) {
    for (let from = 0; from < width; from += 32) {
      let word = 0;
      const end = Math.min(width, from + 32);
      for (let bit = from; bit < end; bit++) word = (word << 1) | values[first + bit]!;
      words.push((word << (32 - (end - from))) >>> 0);
    }
  }
  return Uint32Array.from(words);
}

function wordsOf(width: number): number {
  return Math.ceil(width / 32);
}

/** Returns the lowest (side 0) or highest (1) value of a field; every node but `never` can be made true. */
function extreme(
  diagrams: Diagrams,
  nodes: readonly Node[],
  first: number,
  width: number,
  side: number,
): number[] {
  const words = new Array<number>(wordsOf(width)).fill(0);
  let left = nodes;
  for (let bit = 0; bit < width; bit++) {
    const variable = first + bit;
    let value = side;
    if (left.some((node) => diagrams.variableOf(node) === variable)) {
      let next = children(diagrams, left, variable, value);
      if (next.length === 0) {
        value = 1 - side;
        next = children(diagrams, left, variable, value);
      }
      left = next;
    }
    if (value === 1) words[bit >> 5] = (words[bit >> 5]! | (1 << (31 - (bit & 31)))) >>> 0;
  }
  // What lies beyond the width is the same on both sides.
  return words;
}

function children(diagrams: Diagrams, nodes: readonly Node[], variable: number, value: number): Node[] {
  const found = new Set<Node>();
  for (const node of nodes) {
    if (diagrams.variableOf(node) !== variable) found.add(node);
    else found.add(value === 0 ? diagrams.low(node) : diagrams.high(node));
  }
  found.delete(never);
  return [...found];
}

/** Returns the nodes below that ask for no variable before `end`. */
function behind(diagrams: Diagrams, nodes: readonly Node[], end: number): Node[] {
  const found = new Set<Node>();
  const seen = new Set(nodes);
  const waiting = [...nodes];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (diagrams.variableOf(node) >= end) {
      if (node !== never) found.add(node);
      continue;
    }
    for (const child of [diagrams.low(node), diagrams.high(node)]) {
      if (seen.has(child)) continue;
      seen.add(child);
      waiting.push(child);
    }
  }
  return [...found];
}

interface Column {
  /** Its place among the words. */
  readonly word: number;
  readonly lows: Uint32Array;
  readonly highs: Uint32Array;
}

/** Columns that have rows of bits, and rows of each. */
const mostIndexed = 4;
const mostRows = 256;
/** A box that lies in more rows of a column than this is not looked for there. */
const mostJoined = 16;

/**
 * Boxes in a row, to find those that overlap with another. Values of the words that tell most boxes apart are cut into
 * intervals, each with a row of bits that says which boxes lie in it in part (after Lakshman & Stiliadis, High-speed
 * policy-based packet forwarding, 1998); what is set in the rows of all words is compared number by number.
 */
export class BoxRow {
  readonly #columns: readonly Column[];
  readonly #indexes: readonly WordIndex[];
  readonly #count: number;

  constructor(boxes: readonly Box[]) {
    this.#count = boxes.length;
    const words = boxes[0]?.lows.length ?? 0;
    this.#columns = Array.from({ length: words }, (_, word) => ({
      word,
      lows: Uint32Array.from(boxes, ({ lows }) => lows[word]!),
      highs: Uint32Array.from(boxes, ({ highs }) => highs[word]!),
    }))
      .filter(({ lows, highs }) => lows.some((low) => low > 0) || highs.some((high) => high < highest))
      .map((column) => ({ ...column, kinds: new Set(column.lows).size }))
      .sort((one, other) => other.kinds - one.kinds);
    this.#indexes = this.#columns.slice(0, mostIndexed).map((column) => new WordIndex(column));
  }

  /** Returns the first place from `from` to before `to` whose box overlaps with the one given, or -1. */
  next(box: Box, from: number, to = this.#count): number {
    const asked = this.#indexes.map((index) => index.rowsOf(box)).filter((one) => one !== undefined);
    let mask = -1 << (from & 31);
    for (let word = from >>> 5; word * 32 < to; word++) {
      let bits = mask;
      mask = -1;
      for (let i = 0; i < asked.length && bits !== 0; i++) bits &= joined(asked[i]!, word);
      for (; bits !== 0; bits &= bits - 1) {
        const at = word * 32 + 31 - Math.clz32(bits & -bits);
        if (at >= to) return -1;
        if (this.#overlaps(at, box)) return at;
      }
    }
    return -1;
  }

  #overlaps(at: number, { lows, highs }: Box): boolean {
    for (const { word, lows: ownLows, highs: ownHighs } of this.#columns)
      if (ownHighs[at]! < lows[word]! || ownLows[at]! > highs[word]!) return false;
    return true;
  }
}

interface Rows {
  readonly bits: Uint32Array;
  /** Where the rows to be joined begin, and how far each is from the next. */
  readonly first: number;
  readonly count: number;
  readonly length: number;
}

function joined({ bits, first, count, length }: Rows, word: number): number {
  let sum = 0;
  for (let row = 0, at = first + word; row < count; row++, at += length) sum |= bits[at]!;
  return sum;
}

/** For each of some intervals of a word, which boxes lie in it. */
class WordIndex {
  readonly #word: number;
  /** Where the intervals begin; the first at 0. */
  readonly #starts: Uint32Array;
  readonly #bits: Uint32Array;
  readonly #length: number;

  constructor({ word, lows, highs }: Column) {
    this.#word = word;
    const values = Uint32Array.from(new Set([...lows, ...highs])).sort();
    const step = Math.max(1, Math.ceil(values.length / mostRows));
    this.#starts = Uint32Array.from(new Set([0, ...values.filter((_, at) => at % step === 0)]));
    this.#length = Math.ceil(lows.length / 32);
    this.#bits = new Uint32Array(this.#starts.length * this.#length);
    for (const [at, low] of lows.entries()) {
      const last = this.#rowOf(highs[at]!);
      for (let row = this.#rowOf(low); row <= last; row++)
        this.#bits[row * this.#length + (at >>> 5)]! |= 1 << (at & 31);
    }
  }

  /** Returns the rows that a box lies in, undefined where they would tell little. */
  rowsOf({ lows, highs }: Box): Rows | undefined {
    const first = this.#rowOf(lows[this.#word]!);
    const count = this.#rowOf(highs[this.#word]!) - first + 1;
    if (count > mostJoined) return undefined;
    return { bits: this.#bits, first: first * this.#length, count, length: this.#length };
  }

  /** Returns the interval that a value lies in. */
  #rowOf(value: number): number {
    let [low, high] = [0, this.#starts.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! <= value) low = middle;
      else high = middle;
    }
    return low;
  }
}
