/** Where a member of a structure stands. */
export interface Place {
  /** Bytes from the structure's begin. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

const kind = {
  integer: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  prototype: 13,
  variable: 14,
  section: 15,
  float: 16,
  declarationTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

const transparent: ReadonlySet<number> = new Set([
  kind.typedef,
  kind.volatile,
  kind.const,
  kind.restrict,
  kind.typeTag,
]);
const magic = 0xeb9f;
const deepest = 8;

/**
 * Types of the running kernel as it tells them itself (Documentation/bpf/btf.rst): where members of its structures stand, so that
 * programs fit it.
 */
export class Btf {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #strings: number;
  /** Where each type's record begins. */
  readonly #types: number[] = [0];
  /** Numbers of structures, unions and type definitions by name. */
  readonly #byName = new Map<string, number>();

  /** Throws an Error when the bytes are no BTF or are cut off. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < 24 || this.#view.getUint16(0, true) !== magic) throw new Error('not BTF');
    const header = this.#u32(4);
    const types = header + this.#u32(8);
    const end = types + this.#u32(12);
    this.#strings = header + this.#u32(16);
    if (end > bytes.length || this.#strings + this.#u32(20) > bytes.length)
      throw new Error('the BTF is cut off');
    for (let at = types; at < end; at += this.#length(at)) {
      const number = this.#types.push(at) - 1;
      const own = this.#kind(at);
      if (own === kind.struct || own === kind.union || own === kind.typedef) {
        const name = this.#text(this.#u32(at));
        // The first of a name is the kernel's own; later ones are other definitions of the same name.
        if (name !== '' && !this.#byName.has(`${own} ${name}`)) this.#byName.set(`${own} ${name}`, number);
      }
    }
  }

  /** Returns the number of a type definition, by which a program is attached; undefined when there is none. */
  typedef(name: string): number | undefined {
    return this.#byName.get(`${kind.typedef} ${name}`);
  }

  /** Returns the size of a structure in bytes, or undefined. */
  size(structure: string): number | undefined {
    const at = this.#structure(structure);
    return at === undefined ? undefined : this.#u32(at + 8);
  }

  /**
   * Returns where a member stands, by its path (`path.dentry`), members of nameless structures and unions included; undefined when
   * this kernel has none of that name.
   */
  member(structure: string, path: string): Place | undefined {
    let at = this.#structure(structure);
    let offset = 0;
    let size = 0;
    for (const name of path.split('.')) {
      const found = at === undefined ? undefined : this.#find(at, name, 0);
      if (found === undefined) return undefined;
      offset += found.offset;
      size = this.#sizeOf(found.type);
      at = this.#resolved(found.type);
    }
    return { offset, size };
  }

  #structure(name: string): number | undefined {
    const number = this.#byName.get(`${kind.struct} ${name}`) ?? this.#byName.get(`${kind.union} ${name}`);
    return number === undefined ? undefined : this.#types[number];
  }

  #find(
    at: number,
    name: string,
    depth: number,
  ): { readonly offset: number; readonly type: number } | undefined {
    const own = this.#kind(at);
    if (depth > deepest || (own !== kind.struct && own !== kind.union)) return undefined;
    const info = this.#u32(at + 4);
    // With the flag, the upper byte of an offset is the width of a bit field.
    const mask = info >>> 31 === 1 ? 0xffffff : 0xffffffff;
    for (let index = 0; index < (info & 0xffff); index++) {
      const member = at + 12 + index * 12;
      const offset = ((this.#u32(member + 8) & mask) >>> 0) >>> 3;
      const type = this.#u32(member + 4);
      const own = this.#text(this.#u32(member));
      if (own === name) return { offset, type };
      const inner = own === '' ? this.#resolved(type) : undefined;
      const found = inner === undefined ? undefined : this.#find(inner, name, depth + 1);
      if (found !== undefined) return { offset: offset + found.offset, type: found.type };
    }
    return undefined;
  }

  /** The record of a type behind its qualifiers and other names. */
  #resolved(number: number): number | undefined {
    let at = this.#types[number];
    for (let depth = 0; at !== undefined && number !== 0 && depth < 32; depth++) {
      if (!transparent.has(this.#kind(at))) return at;
      at = this.#types[this.#u32(at + 8)];
    }
    return undefined;
  }

  #sizeOf(number: number): number {
    const at = this.#resolved(number);
    if (at === undefined) return 0;
    const own = this.#kind(at);
    if (own === kind.pointer) return 8;
    if (own === kind.array) return this.#u32(at + 20) * this.#sizeOf(this.#u32(at + 12));
    return this.#u32(at + 8);
  }

  #kind(at: number): number {
    return (this.#u32(at + 4) >>> 24) & 0x1f;
  }

  #length(at: number): number {
    const count = this.#u32(at + 4) & 0xffff;
    switch (this.#kind(at)) {
      case kind.integer:
      case kind.variable:
      case kind.declarationTag:
        return 16;
      case kind.array:
        return 24;
      case kind.struct:
      case kind.union:
      case kind.section:
      case kind.enum64:
        return 12 + 12 * count;
      case kind.enum:
      case kind.prototype:
        return 12 + 8 * count;
      default:
        return 12;
    }
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  #text(offset: number): string {
    const start = this.#strings + offset;
    const end = this.#bytes.indexOf(0, start);
    let text = '';
    for (let at = start; at < end; at++) text += String.fromCharCode(this.#bytes[at] as number);
    return text;
  }
}
