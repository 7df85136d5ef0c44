import type { ParameterKind } from '../../event/event-types.ts';

/** A bit of the kernel and the bit by which events tell it. */
type Bits = readonly (readonly [kernel: number, event: number])[];

/** Flags of open(2) beside the access mode (asm-generic/fcntl.h, x86-64), as `src/event/print/flags.ts` numbers them. */
const open: Bits = [
  [0x40, 1 << 2],
  [0x400, 1 << 3],
  [0x1000, 1 << 4],
  [0x80, 1 << 5],
  [0x800, 1 << 6],
  [0x101000, 1 << 7],
  [0x200, 1 << 8],
  [0x4000, 1 << 9],
  [0x10000, 1 << 10],
  [0x8000, 1 << 11],
  [0x80000, 1 << 12],
  [0x410000, 1 << 13],
];

/** Flags of clone(2) (linux/sched.h). */
const clone: Bits = [
  [0x400, 1 << 0],
  [0x200, 1 << 1],
  [0x80000000, 1 << 2],
  [0x08000000, 1 << 3],
  [0x40000000, 1 << 4],
  [0x20000, 1 << 5],
  [0x20000000, 1 << 6],
  [0x04000000, 1 << 7],
  [0x8000, 1 << 8],
  [0x100000, 1 << 9],
  [0x2000, 1 << 10],
  [0x800, 1 << 11],
  [0x40000, 1 << 12],
  [0x10000, 1 << 13],
  [0x800000, 1 << 14],
  [0x100, 1 << 15],
  [0x10000000, 1 << 20],
  [0x200000, 1 << 23],
  [0x1000000, 1 << 24],
  [0x80000, 1 << 25],
  [0x4000, 1 << 27],
  [0x02000000, 1 << 28],
];

/** Requests of ptrace(2) in the order in which events number them, from 1 on. */
const ptrace: readonly number[] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 24, 0x4200, 0x4201, 0x4202, 0x4203, 0x4204, 0x4205, 0x4206, 0x4207,
  0x4208,
];

/** Numbers that are remembered; a power of 2. */
const remembered = 256;

/** Translates flags; programs use few combinations, so that most are remembered. */
class Translation {
  readonly #bits: Bits;
  readonly #keys = new Float64Array(remembered).fill(Number.NaN);
  readonly #values = new Int32Array(remembered);

  constructor(bits: Bits) {
    this.#bits = bits;
  }

  of(value: number): number {
    const slot = (value ^ (value >>> 8) ^ (value >>> 16)) & (remembered - 1);
    if (this.#keys[slot] === value) return this.#values[slot] as number;
    let result = 0;
    for (const [kernel, event] of this.#bits) if ((value & kernel) >>> 0 === kernel) result |= event;
    this.#keys[slot] = value;
    this.#values[slot] = result;
    return result;
  }
}

const openFlags = new Translation(open);
const cloneFlags = new Translation(clone);

/** Returns a number of the kernel as events of its kind give it; flags of other kinds are the same in both. */
export function eventNumber(kind: ParameterKind, value: number): number {
  switch (kind) {
    case 'open flags':
      // Modes 0, 1, 2 are told as 1, 2, 3.
      return ((value & 3) + 1) | openFlags.of(value);
    case 'clone flags':
      return cloneFlags.of(value);
    case 'ptrace request':
      return ptrace.indexOf(value) + 1;
    case 'file mode':
      return value & 0xfff;
    default:
      return value;
  }
}

/** Set in the flags of an open file where the call made it (`FMODE_CREATED`, linux/fs.h), and how events tell it. */
export const created = { kernel: 1 << 20, event: 1 << 14 } as const;
