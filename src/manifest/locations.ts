import type { Fragment } from './fragment.ts';
import type { Path } from './resource.ts';

/** Columns of one row: the value's start and end, its key's start and end, and the row after its subtree. */
const START = 0;
const END = 1;
const KEY_START = 2;
const KEY_END = 3;
const NEXT = 4;
const COLUMNS = 5;
/** From this item on it is remembered where a list was read last. */
const longList = 32;

/** Key of the pair that merges other mappings into its own (`<<`). */
export const MERGE: unique symbol = Symbol('<<');
/** What leads from a node to its child: a key, an index, or the merge key. */
export type Step = string | number | typeof MERGE;

/** A stretch of the file, end exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Where each node of one parsed document stands in its file, in document order: five integers a node instead of
 * the parser's object tree, which is over ten times larger and is dropped once this is filled.
 */
export class Locations {
  /** The text that the nodes were read from. */
  readonly fragment: Fragment;
  #rows = new Int32Array(64 * COLUMNS);
  #steps: (Step | undefined)[] = [];
  /** Row of the anchored node, by the row of the alias that stands for it. */
  readonly #aliases = new Map<number, number>();
  /** Of long lists the item that was asked for last: they are asked for in their order, and from the first on each would cost all before it. */
  readonly #lastItems = new Map<number, { readonly index: number; readonly row: number }>();

  constructor(fragment: Fragment) {
    this.fragment = fragment;
  }

  /** Starts a node; its children are opened before it is closed. Returns its row. `-1` means: no key. */
  open(step: Step | undefined, start: number, keyStart: number, keyEnd: number): number {
    const row = this.#steps.length;
    if ((row + 1) * COLUMNS > this.#rows.length) {
      const larger = new Int32Array(this.#rows.length * 2);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    this.#steps.push(step);
    this.#rows.set([start, start, keyStart, keyEnd, row + 1], row * COLUMNS);
    return row;
  }

  /** Ends the node of `row` at `end`. */
  close(row: number, end: number): void {
    this.#rows[row * COLUMNS + END] = end;
    this.#rows[row * COLUMNS + NEXT] = this.#steps.length;
  }

  /** Says that the node of `row` is an alias of the node of `target`. */
  alias(row: number, target: number): void {
    this.#aliases.set(row, target);
  }

  /** Frees what growth left unused. */
  seal(): this {
    this.#rows = this.#rows.slice(0, this.#steps.length * COLUMNS);
    return this;
  }

  /** Where the value of `row` stands. */
  value(row: number): Range {
    return { start: this.#column(row, START), end: this.#column(row, END) };
  }

  /** Where the key of `row` stands; undefined for list items and the document itself. */
  key(row: number): Range | undefined {
    const start = this.#column(row, KEY_START);
    return start < 0 ? undefined : { start, end: this.#column(row, KEY_END) };
  }

  /** The row of the node at `path` below `row`, or of its nearest existing ancestor; and how many steps it took. */
  find(row: number, path: Path): { readonly row: number; readonly depth: number } {
    let found = row;
    for (let depth = 0; depth < path.length; depth++) {
      const child = this.child(found, path[depth]!);
      if (child === undefined) return { row: found, depth };
      found = child;
    }
    return { row: found, depth: path.length };
  }

  /** The row of the child that `step` leads to: the last of duplicates, then what is merged in. */
  child(row: number, step: Step): number | undefined {
    const parent = this.#aliases.get(row) ?? row;
    if (typeof step === 'number' && this.#isList(parent)) return this.#item(parent, step);
    let found: number | undefined;
    let merge: number | undefined;
    const end = this.#column(parent, NEXT);
    for (let child = parent + 1; child < end; child = this.#column(child, NEXT)) {
      if (this.#steps[child] === step) found = child;
      if (this.#steps[child] === MERGE) merge = child;
    }
    if (found !== undefined || merge === undefined) return found;
    return this.#merged(merge, step);
  }

  /** Whether the children of `parent` are items: those have no keys. A document has one child, which is none. */
  #isList(parent: number): boolean {
    const first = parent + 1;
    return (
      first < this.#column(parent, NEXT) && this.#steps[first] === 0 && this.#column(first, KEY_START) < 0
    );
  }

  #item(parent: number, wanted: number): number | undefined {
    const last = this.#lastItems.get(parent);
    const from = last !== undefined && last.index <= wanted ? last : { index: 0, row: parent + 1 };
    let { index, row } = from;
    for (const end = this.#column(parent, NEXT); row < end; row = this.#column(row, NEXT)) {
      if (index === wanted) {
        if (index >= longList) this.#lastItems.set(parent, { index, row });
        return row;
      }
      index++;
    }
    return undefined;
  }

  #merged(merge: number, step: Step): number | undefined {
    const direct = this.child(merge, step);
    if (direct !== undefined) return direct;
    for (let item = 0; ; item++) {
      const source = this.child(merge, item);
      if (source === undefined) return undefined;
      const found = this.child(source, step);
      if (found !== undefined) return found;
    }
  }

  #column(row: number, column: number): number {
    return this.#rows[row * COLUMNS + column]!;
  }
}
