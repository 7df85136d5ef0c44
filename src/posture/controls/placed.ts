import type { Span } from '../../diagnostic/diagnostic.ts';
import type { Path } from '../../manifest/resource.ts';

/** A value of a configuration and where it stands. */
export interface Placed<T> {
  readonly value: T;
  readonly span: Span;
  /** Where its key stands; the value's own place for an item of a list. */
  readonly keySpan: Span;
  /** In the resource or in the embedded document, whichever it was read from. */
  readonly path: Path;
}

/** What places of values are asked of: a resource or an embedded document. */
interface Located {
  at(path: Path): Span;
  keyAt(path: Path): Span;
}

/** Returns `value`, found at `path` of `located`, with its places. */
export function placed<T>(located: Located, path: Path, value: T): Placed<T> {
  return { value, span: located.at(path), keySpan: located.keyAt(path), path };
}
