/**
 * A stretch of text to parse, and where its characters stand in the file around it. A whole file is one
 * fragment; a fenced block of a Markdown file is one whose lines may have lost their indentation.
 */
export interface Fragment {
  readonly text: string;
  /** Offset in the file of the character at `offset` of {@link text}. */
  toFile(offset: number): number;
  /** Whether the fragment is an example inside prose, where half a manifest is no mistake. */
  readonly embedded: boolean;
}

/** The fragment that is the whole file. */
export function wholeFile(text: string): Fragment {
  return { text, toFile: (offset) => offset, embedded: false };
}

/** The fragment whose n-th line starts at `inner[n]` of `text` and at `outer[n]` of the file. Both ascend. */
export function embeddedLines(text: string, inner: readonly number[], outer: readonly number[]): Fragment {
  const toFile = (offset: number): number => {
    let low = 0;
    let high = inner.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (inner[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return outer[low]! + (offset - inner[low]!);
  };
  return { text, toFile, embedded: true };
}
