/**
 * A stretch of text to parse, and where its characters stand in the file around it. A whole file is one
 * fragment; a fenced block of a Markdown file is one whose lines may have lost their indentation.
 */
export interface Fragment {
  readonly text: string;
  /** Offset in the file of the character at `offset` of {@link text}. */
  toFile(offset: number): number;
  /** The offset in {@link text} of the character at `offset` of the file. */
  fromFile(offset: number): number;
  /** Whether the fragment is an example inside prose, where half a manifest is no mistake. */
  readonly embedded: boolean;
}

/** The fragment that is the whole file. */
export function wholeFile(text: string): Fragment {
  return { text, toFile: (offset) => offset, fromFile: (offset) => offset, embedded: false };
}

/** The fragment whose n-th line starts at `inner[n]` of `text` and at `outer[n]` of the file. Both ascend. */
export function embeddedLines(text: string, inner: readonly number[], outer: readonly number[]): Fragment {
  const translate = (offset: number, from: readonly number[], to: readonly number[]): number => {
    let low = 0;
    let high = from.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (from[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return to[low]! + (offset - from[low]!);
  };
  return {
    text,
    toFile: (offset) => translate(offset, inner, outer),
    fromFile: (offset) => translate(offset, outer, inner),
    embedded: true,
  };
}
