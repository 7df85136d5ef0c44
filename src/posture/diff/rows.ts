import type { Declared } from '../posture.ts';
import { type ReachRow, reachMatrix } from '../reach/matrix.ts';

/** Returns everything that may be a connection in what is declared: the whole matrix, row by row. */
export function reachRows(declared: Declared): Iterable<ReachRow> {
  return reachMatrix(declared);
}
