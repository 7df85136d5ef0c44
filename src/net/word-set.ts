import { type Boundaries, everything, nothing } from './boundaries.ts';
import { type IntegerRange, IntegerSet, mergeRanges } from './integer-set.ts';

const highestWord = 0xffffffff;

/** An immutable set of 32-bit words, 0 to 4294967295, e.g. marks of packets. */
export class WordSet extends IntegerSet<WordSet> {
  static readonly empty: WordSet = new WordSet(nothing);
  static readonly all: WordSet = new WordSet(everything(1));

  /** Throws a RangeError for what is not a word. */
  static of(word: number): WordSet {
    return WordSet.range(word, word);
  }

  /** Returns the words `from` to `to`, both inside. Throws a RangeError unless 0 ≤ from ≤ to ≤ 4294967295. */
  static range(from: number, to: number): WordSet {
    return new WordSet(mergeRanges([{ from, to }], highestWord));
  }

  /** Returns the words of several ranges. Throws a RangeError as {@link range} does. */
  static ofRanges(ranges: readonly IntegerRange[]): WordSet {
    return new WordSet(mergeRanges(ranges, highestWord));
  }

  override readonly max = highestWord;

  protected override derive(boundaries: Boundaries): WordSet {
    return new WordSet(boundaries);
  }

  /** Returns hexadecimal words and ranges separated by commas, e.g. `0x1,0x10-0x1f`; `none` for the empty set. */
  override toString(): string {
    if (this.isEmpty) return 'none';
    const hex = (word: number) => `0x${word.toString(16)}`;
    return this.ranges()
      .map(({ from, to }) => (from === to ? hex(from) : `${hex(from)}-${hex(to)}`))
      .join(',');
  }
}
