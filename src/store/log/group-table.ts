/** Texts and addresses by number, in the order in which they were first seen; at most `limit` of them. */
export class ValueIds {
  readonly #limit: number;
  readonly #texts: (string | undefined)[] = [];
  readonly #byText = new Map<string, number>();
  /** Open addressing over addresses: id + 1, or 0. */
  #slots = new Int32Array(1 << 12);
  #lanes = new Uint32Array(5 << 10);
  /** The same for IPv4, by far the most: address and id + 1 in turn. */
  #ipv4 = new Uint32Array(1 << 13);
  #ipv4Count = 0;
  #count = 0;
  #addresses = 0;
  readonly #format: (family: number, a: number, b: number, c: number, d: number) => string;

  /** `format` writes an address. */
  constructor(limit: number, format: (family: number, a: number, b: number, c: number, d: number) => string) {
    this.#limit = limit;
    this.#format = format;
  }

  get count(): number {
    return this.#count;
  }

  /** Returns the id of a text, or -1 when there is no room for one more. */
  ofText(text: string): number {
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    if (this.#count >= this.#limit) return -1;
    const id = this.#count++;
    this.#texts[id] = text;
    this.#byText.set(text, id);
    return id;
  }

  /** Returns the id of an address, or -1 when there is no room for one more. */
  ofAddress(family: number, a: number, b: number, c: number, d: number): number {
    if (family === 4) return this.#ofIpv4(d);
    const mask = this.#slots.length - 1;
    let slot = hash(a, b, c, d ^ family) & mask;
    for (let found = this.#slots[slot]!; found !== 0; found = this.#slots[slot]!) {
      const at = (found - 1) * 5;
      const lanes = this.#lanes;
      if (
        lanes[at + 3] === d &&
        lanes[at] === a &&
        lanes[at + 1] === b &&
        lanes[at + 2] === c &&
        lanes[at + 4] === family
      )
        return found - 1;
      slot = (slot + 1) & mask;
    }
    if (this.#count >= this.#limit) return -1;
    const id = this.#newAddress(a, b, c, d, family);
    this.#slots[slot] = id + 1;
    if (++this.#addresses * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  #ofIpv4(value: number): number {
    const slots = this.#ipv4;
    const mask = slots.length / 2 - 1;
    let slot = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) >>> 8;
    for (slot = (slot ^ (slot >>> 9)) & mask; ; slot = (slot + 1) & mask) {
      const found = slots[2 * slot + 1]!;
      if (found === 0) break;
      if (slots[2 * slot] === value) return found - 1;
    }
    if (this.#count >= this.#limit) return -1;
    const id = this.#newAddress(0, 0, 0, value, 4);
    slots[2 * slot] = value;
    slots[2 * slot + 1] = id + 1;
    if (++this.#ipv4Count * 2 > mask) this.#growIpv4();
    return id;
  }

  #growIpv4(): void {
    const old = this.#ipv4;
    const slots = new Uint32Array(old.length * 2);
    const mask = slots.length / 2 - 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] === 0) continue;
      const value = old[at]!;
      let slot = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) >>> 8;
      for (slot = (slot ^ (slot >>> 9)) & mask; slots[2 * slot + 1] !== 0; ) slot = (slot + 1) & mask;
      slots[2 * slot] = value;
      slots[2 * slot + 1] = old[at + 1]!;
    }
    this.#ipv4 = slots;
  }

  #newAddress(a: number, b: number, c: number, d: number, family: number): number {
    const id = this.#count++;
    if ((id + 1) * 5 > this.#lanes.length) {
      const grown = new Uint32Array(Math.max(this.#lanes.length * 2, (id + 1) * 5));
      grown.set(this.#lanes);
      this.#lanes = grown;
    }
    const at = id * 5;
    const lanes = this.#lanes;
    lanes[at] = a;
    lanes[at + 1] = b;
    lanes[at + 2] = c;
    lanes[at + 3] = d;
    lanes[at + 4] = family;
    return id;
  }

  /** Returns the text of an id. */
  text(id: number): string {
    const text = this.#texts[id];
    if (text !== undefined) return text;
    const at = id * 5;
    const [a, b, c, d, family] = this.#lanes.subarray(at, at + 5) as unknown as [
      number,
      number,
      number,
      number,
      number,
    ];
    return this.#format(family, a, b, c, d);
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    const mask = this.#slots.length - 1;
    for (const found of old) {
      if (found === 0) continue;
      const at = (found - 1) * 5;
      const lanes = this.#lanes;
      let slot = hash(lanes[at]!, lanes[at + 1]!, lanes[at + 2]!, lanes[at + 3]! ^ lanes[at + 4]!) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = found;
    }
  }
}

/** Tuples of ids by number, in the order in which they were first seen; at most `limit` of them. */
export class TupleIds {
  readonly #width: number;
  readonly #limit: number;
  #slots = new Int32Array(1 << 12);
  #tuples: Uint32Array;
  #count = 0;

  constructor(width: number, limit: number) {
    this.#width = width;
    this.#limit = limit;
    this.#tuples = new Uint32Array(width << 10);
  }

  get count(): number {
    return this.#count;
  }

  /** The `position`-th id of a tuple. */
  member(id: number, position: number): number {
    return this.#tuples[id * this.#width + position]!;
  }

  /** Returns the id of the tuple, or -1 when there is no room for one more. */
  of(tuple: Uint32Array): number {
    const width = this.#width;
    const slots = this.#slots;
    const tuples = this.#tuples;
    const mask = slots.length - 1;
    let slot = this.#hashAt(tuple, 0) & mask;
    for (let found = slots[slot]!; found !== 0; found = slots[slot]!) {
      const at = (found - 1) * width;
      let same = 0;
      while (same < width && tuples[at + same] === tuple[same]) same++;
      if (same === width) return found - 1;
      slot = (slot + 1) & mask;
    }
    if (this.#count >= this.#limit) return -1;
    const id = this.#count++;
    if ((id + 1) * width > this.#tuples.length) {
      const grown = new Uint32Array(this.#tuples.length * 2);
      grown.set(this.#tuples);
      this.#tuples = grown;
    }
    for (let i = 0; i < width; i++) this.#tuples[id * width + i] = tuple[i]!;
    this.#slots[slot] = id + 1;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  #hashAt(values: Uint32Array, at: number): number {
    let h = 0x9e3779b9;
    for (let i = 0; i < this.#width; i++) h = mix(h, values[at + i]!);
    return finish(h);
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    const mask = this.#slots.length - 1;
    for (const found of old) {
      if (found === 0) continue;
      let slot = this.#hashAt(this.#tuples, (found - 1) * this.#width) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = found;
    }
  }
}

/** Numbers that grow with the groups. */
export class Sums {
  #values = new Float64Array(1 << 10);

  add(id: number, value: number): void {
    if (id >= this.#values.length) {
      const grown = new Float64Array(Math.max(this.#values.length * 2, id + 1));
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[id]! += value;
  }

  /** The numbers themselves, with room for `count`; to be used until the next call. */
  upTo(count: number): Float64Array {
    if (count > this.#values.length) {
      const grown = new Float64Array(Math.max(this.#values.length * 2, count));
      grown.set(this.#values);
      this.#values = grown;
    }
    return this.#values;
  }

  /** All from `first` on, added up. */
  total(first: number): number {
    let total = 0;
    for (let id = first; id < this.#values.length; id++) total += this.#values[id]!;
    return total;
  }

  at(id: number): number {
    return id < this.#values.length ? this.#values[id]! : 0;
  }
}

function hash(a: number, b: number, c: number, d: number): number {
  return finish(mix(mix(mix(mix(0x9e3779b9, a), b), c), d));
}

/** Steps of MurmurHash3 (x86, 32 bits). */
function mix(h: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  h ^= k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
