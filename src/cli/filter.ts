import type { FilterResult, Predicate } from '../flow/filter-parser.ts';
import { UsageError } from './command.ts';

/** Returns the filter when it was understood. Throws UsageError with the place of the first fault. */
export function accepted<T>(result: FilterResult<T>, text: string): Predicate<T> {
  if (result.ok) return result.matches;
  const [first] = result.diagnostics;
  const caret = first?.span ? `\n  ${text}\n  ${' '.repeat(first.span.start.column - 1)}^` : '';
  throw new UsageError(`${first?.message ?? 'not a filter'}${caret}`, first?.help);
}
