import { compareLanes, copyLanes, skipBlock } from './boundaries.ts';
import { type PrefixColumns, sortedOrder } from './prefix-columns.ts';

/** Disjoint ranges in order: range i goes from `starts[i]` to before `starts[i + 1]`. */
export interface PrefixRanges {
  /** As many lanes per range as the prefixes have. */
  readonly starts: Uint32Array;
  /** Index of the prefix that owns the range, or {@link noOwner}. */
  readonly owners: Int32Array;
}

export const noOwner = -1;

/**
 * Turns nested prefixes into disjoint ranges, each owned by the longest prefix around it; of equal prefixes the last
 * one given owns. One pass over the prefixes in order, with a stack of those that enclose the current point.
 */
export function flatten(columns: PrefixColumns): PrefixRanges {
  const { count, width, addresses, lengths } = columns;
  const starts = new Uint32Array(2 * count * width);
  const owners = new Int32Array(2 * count);
  let written = 0;

  // Open prefixes enclose each other, so there are at most as many as there are lengths.
  const open = new Int32Array(32 * width + 1);
  const ends = new Uint32Array(open.length * width);
  const reachesTop = new Uint8Array(open.length);
  let depth = 0;

  const write = (lanes: Uint32Array, at: number, owner: number) => {
    const last = (written - 1) * width;
    if (written === 0 || compareLanes(starts, last, lanes, at, width) !== 0) {
      copyLanes(lanes, at, starts, written * width, width);
      written++;
    }
    owners[written - 1] = owner;
  };
  const close = () => {
    depth--;
    if (!reachesTop[depth]) write(ends, depth * width, depth > 0 ? open[depth - 1]! : noOwner);
  };
  const endsBy = (at: number) =>
    !reachesTop[depth - 1] && compareLanes(ends, (depth - 1) * width, addresses, at, width) <= 0;

  for (const index of sortedOrder(columns)) {
    const at = index * width;
    const length = lengths[index]!;
    while (depth > 0 && endsBy(at)) close();
    // What is still open encloses this prefix; with the same length it is this very prefix, given before.
    if (depth > 0 && lengths[open[depth - 1]!] === length) depth--;
    write(addresses, at, index);
    open[depth] = index;
    copyLanes(addresses, at, ends, depth * width, width);
    reachesTop[depth] = skipBlock(ends, depth * width, length, width) ? 0 : 1;
    depth++;
  }
  while (depth > 0) close();
  return { starts: starts.slice(0, written * width), owners: owners.slice(0, written) };
}
