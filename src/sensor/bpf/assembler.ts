/** A register of the BPF machine: `r0` results, `r1`–`r5` arguments, `r6`–`r9` kept over calls, `r10` the end of the stack. */
export interface Register {
  readonly register: number;
}

const register = (number: number): Register => ({ register: number });
export const r0 = register(0);
export const r1 = register(1);
export const r2 = register(2);
export const r3 = register(3);
export const r4 = register(4);
export const r5 = register(5);
export const r6 = register(6);
export const r7 = register(7);
export const r8 = register(8);
export const r9 = register(9);
export const r10 = register(10);

/** Widths of memory accesses in bytes. */
export type Width = 1 | 2 | 4 | 8;

/** Functions of the kernel that programs call (include/uapi/linux/bpf.h, `___BPF_FUNC_MAPPER`). */
export const helper = {
  mapLookup: 1,
  getProcessorId: 8,
  getCurrentPidTgid: 14,
  getCurrentUidGid: 15,
  getCurrentTask: 35,
  probeReadUser: 112,
  probeReadKernel: 113,
  probeReadUserString: 114,
  probeReadKernelString: 115,
  getTime: 5,
  ringBufferOutput: 130,
} as const;

const operation = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  xor: 0xa0,
  mov: 0xb0,
  arsh: 0xc0,
} as const;
export type Operation = keyof typeof operation;

const comparison = {
  eq: 0x10,
  gt: 0x20,
  ge: 0x30,
  set: 0x40,
  ne: 0x50,
  sgt: 0x60,
  sge: 0x70,
  lt: 0xa0,
  le: 0xb0,
  slt: 0xc0,
  sle: 0xd0,
} as const;
export type Comparison = keyof typeof comparison;

const widths: Readonly<Record<Width, number>> = { 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 };

interface Instruction {
  readonly code: number;
  readonly destination: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
  /** Where it jumps or calls, to be put in when all places are known. */
  readonly label?: string;
}

/** Collects instructions of one BPF program (RFC 9669); jumps go to labels. */
export class Assembler {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();
  #fresh = 0;

  /** Instructions so far. */
  get length(): number {
    return this.#instructions.length;
  }

  /** A label that no other has. */
  fresh(hint = 'l'): string {
    return `${hint}.${this.#fresh++}`;
  }

  /** `destination = destination op source` in 64 bits. */
  alu(name: Operation, destination: Register, source: Register | number): this {
    return this.#alu(0x07, operation[name], destination, source);
  }

  /** The same in 32 bits; the upper half becomes 0. */
  alu32(name: Operation, destination: Register, source: Register | number): this {
    return this.#alu(0x04, operation[name], destination, source);
  }

  mov(destination: Register, source: Register | number): this {
    return this.alu('mov', destination, source);
  }

  add(destination: Register, source: Register | number): this {
    return this.alu('add', destination, source);
  }

  /** `destination = *(base + offset)`. */
  load(width: Width, destination: Register, base: Register, offset: number): this {
    return this.#push(0x61 | widths[width], destination.register, base.register, offset, 0);
  }

  /** `*(base + offset) = value`. */
  store(width: Width, base: Register, offset: number, value: Register | number): this {
    return typeof value === 'number'
      ? this.#push(0x62 | widths[width], base.register, 0, offset, value)
      : this.#push(0x63 | widths[width], base.register, value.register, offset, 0);
  }

  /** `*(base + offset) += value`, at once for all processors. */
  atomicAdd(base: Register, offset: number, value: Register): this {
    return this.#push(0xdb, base.register, value.register, offset, 0);
  }

  /** The address of a map by its descriptor. */
  loadMap(destination: Register, fd: number): this {
    return this.#wide(destination, 1, fd, 0);
  }

  /** The address of the only value of a map, plus an offset. */
  loadMapValue(destination: Register, fd: number, offset: number): this {
    return this.#wide(destination, 2, fd, offset);
  }

  loadImmediate(destination: Register, value: bigint): this {
    const unsigned = BigInt.asUintN(64, value);
    return this.#wide(destination, 0, Number(unsigned & 0xffffffffn) | 0, Number(unsigned >> 32n) | 0);
  }

  jump(label: string): this {
    return this.#push(0x05, 0, 0, 0, 0, label);
  }

  /** Jumps where the 64-bit comparison holds. */
  jumpIf(name: Comparison, left: Register, right: Register | number, label: string): this {
    return this.#compare(0x05, name, left, right, label);
  }

  /** Jumps where the comparison of the lower 32 bits holds. */
  jumpIf32(name: Comparison, left: Register, right: Register | number, label: string): this {
    return this.#compare(0x06, name, left, right, label);
  }

  /** Calls a function of the kernel. */
  call(number: number): this {
    return this.#push(0x85, 0, 0, 0, number);
  }

  /** Calls a function of this program. */
  callLocal(label: string): this {
    return this.#push(0x85, 0, 1, 0, 0, label);
  }

  exit(): this {
    return this.#push(0x95, 0, 0, 0, 0);
  }

  label(name: string): this {
    if (this.#labels.has(name)) throw new Error(`label ${name} stands twice`);
    this.#labels.set(name, this.#instructions.length);
    return this;
  }

  /** Number of the instruction at a label; undefined when there is none of that name. */
  place(label: string): number | undefined {
    return this.#labels.get(label);
  }

  /** Returns the program's bytes, little-endian. Throws an Error when a label is missing or too far away. */
  assemble(): Uint8Array {
    const bytes = new Uint8Array(this.#instructions.length * 8);
    const view = new DataView(bytes.buffer);
    this.#instructions.forEach(({ code, destination, source, offset, immediate, label }, index) => {
      const distance = label === undefined ? 0 : this.#distance(label, index);
      const isCall = code === 0x85;
      if (!isCall && (distance > 0x7fff || distance < -0x8000))
        throw new Error(`label ${label} is too far away`);
      const at = index * 8;
      view.setUint8(at, code);
      view.setUint8(at + 1, (source << 4) | destination);
      view.setInt16(at + 2, label === undefined || isCall ? offset : distance, true);
      view.setInt32(at + 4, label !== undefined && isCall ? distance : immediate | 0, true);
    });
    return bytes;
  }

  #distance(label: string, from: number): number {
    const to = this.#labels.get(label);
    if (to === undefined) throw new Error(`label ${label} is missing`);
    return to - from - 1;
  }

  #alu(kind: number, code: number, destination: Register, source: Register | number): this {
    return typeof source === 'number'
      ? this.#push(kind | code, destination.register, 0, 0, source)
      : this.#push(kind | code | 0x08, destination.register, source.register, 0, 0);
  }

  #compare(kind: number, name: Comparison, left: Register, right: Register | number, label: string): this {
    const code = kind | comparison[name];
    return typeof right === 'number'
      ? this.#push(code, left.register, 0, 0, right, label)
      : this.#push(code | 0x08, left.register, right.register, 0, 0, label);
  }

  #wide(destination: Register, source: number, low: number, high: number): this {
    return this.#push(0x18, destination.register, source, 0, low).#push(0, 0, 0, 0, high);
  }

  #push(
    code: number,
    destination: number,
    source: number,
    offset: number,
    immediate: number,
    label?: string,
  ): this {
    this.#instructions.push({
      code,
      destination,
      source,
      offset,
      immediate,
      ...(label !== undefined && { label }),
    });
    return this;
  }
}
