import type { EndRecord } from './ends.ts';

/**
 * Returns the ends in groups of twins: of the same kind and namespace, reaching and reached by every third end alike,
 * and each other alike both ways. That is an equivalence, so one member stands for its group exactly.
 * `cells` holds an answer's number for each source and destination, -1 for none.
 */
export function twinsOf(ends: readonly EndRecord[], cells: Int32Array): EndRecord[][] {
  const width = ends.length;
  const buckets = new Map<string, EndRecord[][]>();
  const groups: EndRecord[][] = [];
  for (const end of ends) {
    const key = `${end.kind}/${end.namespace}/${profile(end.index, cells, width)}`;
    const candidates = buckets.get(key) ?? [];
    buckets.set(key, candidates);
    const own = candidates.find(([first]) => areTwins(first!.index, end.index, cells, width));
    if (own !== undefined) own.push(end);
    else {
      candidates.push([end]);
      groups.push(candidates.at(-1)!);
    }
  }
  return groups;
}

/** A number that twins share: sums over answers do not depend on the order of ends. Only spares comparisons. */
function profile(end: number, cells: Int32Array, width: number): string {
  let [out, into] = [0, 0];
  for (let other = 0; other < width; other++) {
    if (other === end) continue;
    out = (out + mix(cells[end * width + other]!)) >>> 0;
    into = (into + mix(cells[other * width + end]!)) >>> 0;
  }
  return `${out}/${into}`;
}

/** Spreads small numbers over 32 bits (the multiplier of Knuth's multiplicative hashing). */
function mix(answer: number): number {
  const spread = Math.imul(answer + 2, 2_654_435_761);
  return Math.imul(spread ^ (spread >>> 15), 2_654_435_761) >>> 0;
}

function areTwins(a: number, b: number, cells: Int32Array, width: number): boolean {
  if (cells[a * width + b] !== cells[b * width + a]) return false;
  if (cells[a * width + a] !== cells[b * width + b]) return false;
  for (let other = 0; other < width; other++) {
    if (other === a || other === b) continue;
    if (cells[a * width + other] !== cells[b * width + other]) return false;
    if (cells[other * width + a] !== cells[other * width + b]) return false;
  }
  return true;
}
