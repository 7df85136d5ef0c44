/** A function of variables, as the number of its node; equal functions of one {@link Diagrams} are equal numbers. */
export type Node = number;

/** The function that is never true. */
export const never: Node = 0;
/** The function that is always true. */
export const always: Node = 1;

/** The diagrams of a question need more nodes than are allowed. */
export class TooLarge extends Error {
  constructor(limit: number) {
    super(`the sets of packets need more than ${limit} nodes`);
  }
}

const kind = { and: 0, or: 1, minus: 2, xor: 3, ite: 4, exists: 5 } as const;
type Operation = 0 | 1 | 2 | 3;
/** Variable of the two ends: after every other. */
const bottom = 0x7fff_ffff;
const firstRoom = 1 << 14;
/** Entries of the table of results grow with the nodes up to this. */
const mostResults = 1 << 20;
/** Numbers that one result takes: operation with first argument, second, third, result. */
const resultWidth = 4;

/**
 * Reduced ordered binary decision diagrams (Bryant, Graph-Based Algorithms for Boolean Function Manipulation, 1986) on
 * typed arrays: a table of unique nodes, so that equal functions are one number, and a table of results that forgets.
 * Variables are numbers in the order in which diagrams ask for them. Nodes are freed only by {@link scratch} and {@link orForget}; a question
 * that needs more than `limit` of them throws {@link TooLarge}. Recursion goes as deep as there are variables.
 */
export class Diagrams {
  readonly limit: number;
  #variables = new Int32Array(firstRoom);
  #lows = new Int32Array(firstRoom);
  #highs = new Int32Array(firstRoom);
  /** Next node with the same hash, for {@link #buckets}; 0 at the end. */
  #nexts = new Int32Array(firstRoom);
  #buckets = new Int32Array(firstRoom);
  #size = 2;
  #results = new Int32Array(firstRoom * resultWidth);
  #resultMask = firstRoom - 1;
  /** Nodes that there may be now: fewer than `limit` in {@link scratch}. */
  #most: number;
  /** How many calls of {@link scratch} and {@link orForget} are at work. */
  #depth = 0;
  /** Where results were noted since the first of them; not told when they are more than the table has. */
  #noted = new Int32Array(0);
  #notedCount = 0;

  constructor(limit = 6_000_000) {
    this.limit = limit;
    this.#most = limit;
    this.#variables[never] = bottom;
    this.#variables[always] = bottom;
  }

  /** How many nodes there are, both ends among them. */
  get size(): number {
    return this.#size;
  }

  /** Returns the variable that a node asks for; a number above every variable for the two ends. */
  variableOf(node: Node): number {
    return this.#variables[node]!;
  }

  /** Returns what a node is where its variable is false. */
  low(node: Node): Node {
    return this.#lows[node]!;
  }

  /** Returns what a node is where its variable is true. */
  high(node: Node): Node {
    return this.#highs[node]!;
  }

  /** Returns the function that is true where the variable is. */
  variable(number: number): Node {
    return this.make(number, never, always);
  }

  /** Returns the node that asks for a variable, which must stand before those of `low` and `high`. Throws TooLarge. */
  make(variable: number, low: Node, high: Node): Node {
    if (low === high) return low;
    const hash = mix(variable, low, high);
    const buckets = this.#buckets;
    let node = buckets[hash & (buckets.length - 1)]!;
    while (node !== 0) {
      if (this.#lows[node] === low && this.#highs[node] === high && this.#variables[node] === variable)
        return node;
      node = this.#nexts[node]!;
    }
    if (this.#size >= this.#most) throw new TooLarge(this.#most);
    if (this.#size === this.#variables.length) this.#grow();
    node = this.#size++;
    this.#variables[node] = variable;
    this.#lows[node] = low;
    this.#highs[node] = high;
    const slot = hash & (this.#buckets.length - 1);
    this.#nexts[node] = this.#buckets[slot]!;
    this.#buckets[slot] = node;
    return node;
  }

  not(f: Node): Node {
    return this.#apply(kind.minus, always, f);
  }

  and(f: Node, g: Node): Node {
    return this.#apply(kind.and, f, g);
  }

  or(f: Node, g: Node): Node {
    return this.#apply(kind.or, f, g);
  }

  /** Returns where any of the functions is true, put together by pairs, so that most of them stay small. */
  union(functions: readonly Node[]): Node {
    let left = functions.filter((node) => node !== never);
    while (left.length > 1)
      left = Array.from({ length: Math.ceil(left.length / 2) }, (_, at) =>
        this.or(left[2 * at]!, left[2 * at + 1] ?? never),
      );
    return left[0] ?? never;
  }

  /** Returns where `f` is true and `g` is not. */
  minus(f: Node, g: Node): Node {
    return this.#apply(kind.minus, f, g);
  }

  /** Returns where `f` and `g` differ. */
  xor(f: Node, g: Node): Node {
    return this.#apply(kind.xor, f, g);
  }

  /** Returns `g` where `f` is true, and `h` elsewhere. */
  ite(f: Node, g: Node, h: Node): Node {
    if (f === always || g === h) return g;
    if (f === never) return h;
    if (g === always && h === never) return f;
    if (g === always || g === f) return this.or(f, h);
    if (h === never || h === f) return this.and(f, g);
    if (g === never) return this.minus(h, f);
    const first = this.#variables[f]!;
    const top = Math.min(first, this.#variables[g]!, this.#variables[h]!);
    // Where the variable stands before those of both others, this is the node itself.
    if (first === top && this.#lows[f] === never && this.#highs[f] === always && this.#comesFirst(top, g, h))
      return this.make(top, h, g);
    const known = this.#known(kind.ite, f, g, h);
    if (known >= 0) return known;
    const low = this.ite(this.#lowAt(f, top), this.#lowAt(g, top), this.#lowAt(h, top));
    const high = this.ite(this.#highAt(f, top), this.#highAt(g, top), this.#highAt(h, top));
    return this.#note(kind.ite, f, g, h, this.make(top, low, high));
  }

  /** Returns the conjunction of variables, for {@link exists}. */
  cube(variables: readonly number[]): Node {
    return variables.toSorted((x, y) => y - x).reduce((node, one) => this.make(one, never, node), always);
  }

  /** Returns where `f` is true for at least one way to set the variables of `cube`. */
  exists(f: Node, cube: Node): Node {
    if (f <= always || cube === always) return f;
    const top = this.#variables[f]!;
    let rest = cube;
    while (this.#variables[rest]! < top) rest = this.#highs[rest]!;
    if (rest === always) return f;
    const known = this.#known(kind.exists, f, rest, 0);
    if (known >= 0) return known;
    const isGone = this.#variables[rest] === top;
    const below = isGone ? this.#highs[rest]! : rest;
    const low = this.exists(this.#lows[f]!, below);
    if (isGone && low === always) return this.#note(kind.exists, f, rest, 0, always);
    const high = this.exists(this.#highs[f]!, below);
    return this.#note(kind.exists, f, rest, 0, isGone ? this.or(low, high) : this.make(top, low, high));
  }

  /** Returns where `f` is true for every way to set the variables of `cube`. */
  forAll(f: Node, cube: Node): Node {
    return this.not(this.exists(this.not(f), cube));
  }

  /** Returns what is left of `f` where a variable is set. */
  cofactor(f: Node, variable: number, value: boolean): Node {
    const literal = this.variable(variable);
    const chosen = value ? this.and(f, literal) : this.minus(f, literal);
    return this.exists(chosen, literal);
  }

  /** Tells whether `f` is true where the variables are set as `isSet` says; it is asked only for those that matter. */
  holds(f: Node, isSet: (variable: number) => boolean): boolean {
    let node = f;
    while (node > always) node = isSet(this.#variables[node]!) ? this.#highs[node]! : this.#lows[node]!;
    return node === always;
  }

  /** Returns one way to make `f` true, undefined for {@link never}: the values of the variables that matter, false first. */
  example(f: Node): Map<number, boolean> | undefined {
    if (f === never) return undefined;
    const values = new Map<number, boolean>();
    let node = f;
    while (node > always) {
      const value = this.#lows[node] === never;
      values.set(this.#variables[node]!, value);
      node = value ? this.#highs[node]! : this.#lows[node]!;
    }
    return values;
  }

  /** Tells whether `f` is true where each variable is set as its place in `values` says: 0 or 1. */
  isTrue(f: Node, values: Uint8Array): boolean {
    let node = f;
    while (node > always)
      node = values[this.#variables[node]!] === 0 ? this.#lows[node]! : this.#highs[node]!;
    return node === always;
  }

  /** Changes no more of `values` than makes `f` true, the first variables last; `f` must not be {@link never}. */
  settle(f: Node, values: Uint8Array): void {
    let node = f;
    while (node > always) {
      const variable = this.#variables[node]!;
      const wanted = values[variable] === 0 ? this.#lows[node]! : this.#highs[node]!;
      if (wanted === never) values[variable]! ^= 1;
      node = values[variable] === 0 ? this.#lows[node]! : this.#highs[node]!;
    }
  }

  /**
   * Does work that may make `room` nodes, of which none is used afterwards: they are freed. Returns what the work
   * returns. Throws TooLarge where it needs more.
   */
  scratch<T>(room: number, work: () => T): T {
    const most = this.#most;
    const [mark, noted] = [this.#size, this.#notedCount];
    this.#most = Math.min(most, mark + room);
    this.#depth++;
    try {
      return work();
    } finally {
      this.#most = most;
      this.#depth--;
      this.#free(mark, noted);
    }
  }

  /** Returns what the work returns, for which there may be `most` nodes; where it throws, those that it made are freed. */
  orForget<T>(work: () => T, most = this.limit): T {
    const before = this.#most;
    const [mark, noted] = [this.#size, this.#notedCount];
    this.#most = Math.min(before, most);
    this.#depth++;
    try {
      return work();
    } catch (error) {
      this.#free(mark, noted);
      throw error;
    } finally {
      this.#most = before;
      this.#depth--;
      if (this.#depth === 0) this.#notedCount = 0;
    }
  }

  /** Returns in how many ways the variables 0 to `variables` - 1 can be set so that `f` is true. */
  count(f: Node, variables: number): bigint {
    const counts = new Map<Node, bigint>();
    const level = (node: Node) => Math.min(this.#variables[node]!, variables);
    const below = (node: Node): bigint => {
      if (node <= always) return BigInt(node);
      const found = counts.get(node);
      if (found !== undefined) return found;
      const part = (child: Node) => below(child) << BigInt(level(child) - level(node) - 1);
      const count = part(this.#lows[node]!) + part(this.#highs[node]!);
      counts.set(node, count);
      return count;
    };
    return below(f) << BigInt(level(f));
  }

  /** Returns the variables that `f` hangs on, in their order. */
  support(f: Node): number[] {
    const seen = new Set<Node>();
    const variables = new Set<number>();
    const waiting = [f];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (node <= always || seen.has(node)) continue;
      seen.add(node);
      variables.add(this.#variables[node]!);
      waiting.push(this.#lows[node]!, this.#highs[node]!);
    }
    return [...variables].sort((x, y) => x - y);
  }

  #apply(operation: Operation, f: Node, g: Node): Node {
    switch (operation) {
      case kind.and:
        if (f === never || g === never) return never;
        if (f === always || f === g) return g;
        if (g === always) return f;
        break;
      case kind.or:
        if (f === always || g === always) return always;
        if (f === never || f === g) return g;
        if (g === never) return f;
        break;
      case kind.minus:
        if (f === never || g === always || f === g) return never;
        if (g === never) return f;
        break;
      case kind.xor:
        if (f === g) return never;
        if (f === never) return g;
        if (g === never) return f;
        break;
    }
    const isSwapped = operation !== kind.minus && f > g;
    const x = isSwapped ? g : f;
    const y = isSwapped ? f : g;
    const known = this.#known(operation, x, y, 0);
    if (known >= 0) return known;
    const first = this.#variables[x]!;
    const second = this.#variables[y]!;
    const top = Math.min(first, second);
    const low = this.#apply(
      operation,
      first === top ? this.#lows[x]! : x,
      second === top ? this.#lows[y]! : y,
    );
    const high = this.#apply(
      operation,
      first === top ? this.#highs[x]! : x,
      second === top ? this.#highs[y]! : y,
    );
    return this.#note(operation, x, y, 0, this.make(top, low, high));
  }

  #comesFirst(variable: number, g: Node, h: Node): boolean {
    return variable < this.#variables[g]! && variable < this.#variables[h]!;
  }

  #lowAt(node: Node, variable: number): Node {
    return this.#variables[node] === variable ? this.#lows[node]! : node;
  }

  #highAt(node: Node, variable: number): Node {
    return this.#variables[node] === variable ? this.#highs[node]! : node;
  }

  /** Returns the result that is remembered, or -1. */
  #known(operation: number, f: Node, g: Node, h: Node): Node {
    const at = (mix(f * 8 + operation, g, h) & this.#resultMask) * resultWidth;
    const results = this.#results;
    // Numbers are kept plus one, so that an empty entry is no result; nodes are fewer than 2^28.
    const isIt = results[at] === f * 8 + operation && results[at + 1] === g && results[at + 2] === h;
    return isIt ? results[at + 3]! - 1 : -1;
  }

  #note(operation: number, f: Node, g: Node, h: Node, result: Node): Node {
    const at = (mix(f * 8 + operation, g, h) & this.#resultMask) * resultWidth;
    this.#results[at] = f * 8 + operation;
    this.#results[at + 1] = g;
    this.#results[at + 2] = h;
    this.#results[at + 3] = result + 1;
    if (this.#depth > 0) this.#log(at);
    return result;
  }

  #log(at: number): void {
    if (this.#notedCount > this.#resultMask) return;
    if (this.#notedCount === this.#noted.length)
      this.#noted = longer(this.#noted, Math.max(firstRoom, this.#noted.length * 2));
    this.#noted[this.#notedCount++] = at;
  }

  /** Takes back the nodes from `mark` on, and the results noted since there were `noted`. */
  #free(mark: number, noted: number): void {
    // The newest node stands first among those of its hash.
    for (let node = this.#size - 1; node >= mark; node--) {
      const hash = mix(this.#variables[node]!, this.#lows[node]!, this.#highs[node]!);
      this.#buckets[hash & (this.#buckets.length - 1)] = this.#nexts[node]!;
    }
    this.#size = mark;
    if (this.#notedCount > this.#resultMask) this.#results.fill(0);
    else for (let i = noted; i < this.#notedCount; i++) this.#results[this.#noted[i]! + 3] = 0;
    this.#notedCount = noted;
  }

  #grow(): void {
    const room = this.#variables.length * 2;
    this.#variables = longer(this.#variables, room);
    this.#lows = longer(this.#lows, room);
    this.#highs = longer(this.#highs, room);
    this.#nexts = new Int32Array(room);
    this.#buckets = new Int32Array(room);
    for (let node = 2; node < this.#size; node++) {
      const slot = mix(this.#variables[node]!, this.#lows[node]!, this.#highs[node]!) & (room - 1);
      this.#nexts[node] = this.#buckets[slot]!;
      this.#buckets[slot] = node;
    }
    if (room <= mostResults) {
      this.#results = new Int32Array(room * resultWidth);
      this.#resultMask = room - 1;
    }
  }
}

function longer(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const result = new Int32Array(length);
  result.set(array);
  return result;
}

/** Spreads three numbers over the bits of one. */
function mix(a: number, b: number, c: number): number {
  let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
