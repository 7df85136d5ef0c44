import {
  Assembler,
  helper,
  type Register,
  r0,
  r1,
  r2,
  r3,
  r4,
  r6,
  r7,
  r8,
  r9,
  r10,
  type Width,
} from './assembler.ts';
import type { Btf } from './btf.ts';
import type { ProgramFunction } from './function-types.ts';
import { record } from './record.ts';

/** Maps that all programs share, by descriptor. */
export interface Maps {
  readonly ring: number;
  /** One buffer for each processor, in which a record is put together. */
  readonly scratch: number;
  /** Lost records by type, u64 each; one value. */
  readonly lost: number;
}

export const scratchBytes = 65_536;
const longestPath = 4096;
const deepestPath = 48;
/** Nothing is appended behind this. */
const fullAt = 0x7000;
const offsetMask = 0x7fff;
/** The reader looks by itself: waking it for each record would cost more than the record (`BPF_RB_NO_WAKEUP`). */
const noWakeup = 1;

/** Stack below the frame: 8 bytes to read into, and places to keep values over calls. */
const slot = { read: -8, key: -16, a: -24, b: -32, c: -40, d: -48, e: -56 } as const;

/**
 * A program that puts a record together. While it does, `r6` is the record and `r7` how long it is.
 */
export class RecordProgram {
  readonly code = new Assembler();
  readonly #btf: Btf;
  readonly #maps: Maps;
  /** Functions that are called, by name, with how many arguments. */
  readonly #functions = new Map<string, { readonly arguments: number; readonly isGlobal: boolean }>();
  /** Threads of this process make no records. */
  readonly #muted: number;

  constructor(btf: Btf, maps: Maps, muted: number) {
    this.#btf = btf;
    this.#maps = maps;
    this.#muted = muted;
  }

  /** Where a member of a structure of the kernel stands. Throws an Error when this kernel has none of that name. */
  offset(structure: string, ...names: readonly string[]): number {
    for (const name of names) {
      const place = this.#btf.member(structure, name);
      if (place !== undefined) return place.offset;
    }
    throw new Error(`this kernel has no ${structure}.${names.join(' or ')}`);
  }

  size(structure: string): number | undefined {
    return this.#btf.size(structure);
  }

  /** `target = *(base + offset)` of the kernel; 0 where that cannot be read. */
  read(width: Width, target: Register, base: Register, offset: number): void {
    const { code } = this;
    code.store(8, r10, slot.read, 0);
    code.mov(r3, base).add(r3, offset).mov(r2, width).mov(r1, r10).add(r1, slot.read);
    code.call(helper.probeReadKernel).load(8, target, r10, slot.read);
  }

  /** `target = *(base + offset)` of the program's memory; 0 where that cannot be read. */
  readUser(width: Width, target: Register, base: Register, offset: number): void {
    const { code } = this;
    code.store(8, r10, slot.read, 0);
    code.mov(r3, base).add(r3, offset).mov(r2, width).mov(r1, r10).add(r1, slot.read);
    code.call(helper.probeReadUser).load(8, target, r10, slot.read);
  }

  /** Copies kernel memory into the record, at a fixed place behind its end so far. */
  copy(bytes: number, at: number, base: Register, offset: number): void {
    const { code } = this;
    code.mov(r3, base).add(r3, offset).mov(r2, bytes).mov(r1, r6).add(r1, r7).add(r1, at);
    code.call(helper.probeReadKernel);
  }

  /** Stores a register at a fixed place behind the end so far; `r1` is overwritten. */
  put(width: Width, at: number, value: Register): void {
    this.code.mov(r1, r6).add(r1, r7).store(width, r1, at, value);
  }

  /** Begins a record of a type: jumps to `end` where there is none to make. Takes `r1`–`r5`. */
  begin(type: number, end: string): void {
    this.code.mov(r1, type);
    this.#call('begin', 1, () => this.#begin());
    this.code.jumpIf('eq', r0, 0, end).mov(r6, r0).mov(r7, record.data);
  }

  /** Ends a slot: what was appended since `r7` was `from` (a stack place). */
  #closed(index: number, from: number): void {
    const { code } = this;
    code
      .load(8, r1, r10, from)
      .mov(r2, r7)
      .alu('sub', r2, r1)
      .store(2, r6, record.lengths + 2 * index, r2);
  }

  /** Appends a slot of a fixed size that has been filled. */
  fixed(index: number, bytes: number): void {
    this.code.store(2, r6, record.lengths + 2 * index, bytes).add(r7, bytes);
  }

  /** Appends the text that an address of the program or of the kernel (`r3`) points to. */
  text(index: number, from: 'user' | 'kernel', most: number = longestPath): void {
    const { code } = this;
    const skip = code.fresh('text');
    code.mov(r1, r6).add(r1, r7).mov(r2, most);
    code.call(from === 'user' ? helper.probeReadUserString : helper.probeReadKernelString);
    code
      .jumpIf('sle', r0, 0, skip)
      .store(2, r6, record.lengths + 2 * index, r0)
      .add(r7, r0)
      .label(skip);
  }

  /** Appends bytes of the program: `r3` their address, `r2` how many, at most `most`. */
  bytes(index: number, most: number): void {
    const { code } = this;
    const [skip, ok] = [code.fresh('bytes'), code.fresh('bytes')];
    code.jumpIf('sle', r2, 0, skip).jumpIf('sle', r2, most, ok).mov(r2, most).label(ok);
    code
      .store(8, r10, slot.a, r2)
      .mov(r1, r6)
      .add(r1, r7)
      .call(helper.probeReadUser)
      .jumpIf('ne', r0, 0, skip);
    code
      .load(8, r1, r10, slot.a)
      .store(2, r6, record.lengths + 2 * index, r1)
      .add(r7, r1)
      .label(skip);
  }

  /** Appends the path of a dentry (`r3`) on a mount (`r4`), leaf first. */
  path(index?: number): void {
    this.code.store(8, r10, slot.e, r7);
    this.#walk();
    if (index !== undefined) this.#closed(index, slot.e);
  }

  #walk(): void {
    this.code.mov(r2, r3).mov(r3, r4);
    this.#append('walk', 3, () => this.#walkFunction());
  }

  /** Calls a function that appends to the record; what it is given stands behind `r1`. */
  #append(name: string, count: number, make: () => void): void {
    this.code.mov(r1, r7);
    this.#call(name, count, make);
    this.code.mov(r7, r0).alu('and', r7, offsetMask);
  }

  /** Appends the path below which a relative one stands: `r3` is a descriptor, or -100 for the current directory. */
  base(index: number): void {
    const { code } = this;
    code.store(8, r10, slot.e, r7).mov(r2, r3);
    this.#append('base', 2, () => this.#baseFunction());
    this.#closed(index, slot.e);
  }

  /** Appends what a descriptor (`r3`) is. */
  descriptor(index: number, describe: () => void): void {
    const { code } = this;
    code.store(8, r10, slot.e, r7).mov(r2, r3);
    this.#append('descriptor', 2, describe);
    this.#closed(index, slot.e);
  }

  /** Appends the names of a cgroup's node (`r3`) and of those above it, leaf first. */
  cgroup(index: number): void {
    const { code } = this;
    code.store(8, r10, slot.e, r7).mov(r2, r3);
    this.#append('cgroup', 2, () => this.#cgroupFunction());
    this.#closed(index, slot.e);
  }

  /** The open file of a descriptor (`from`) of the current task, into `target`; 0 where there is none. */
  file(target: Register, from: Register, none: string): void {
    const { code } = this;
    code.jumpIf('slt', from, 0, none).store(8, r10, slot.b, from).call(helper.getCurrentTask).mov(target, r0);
    this.read(8, target, target, this.offset('task_struct', 'files'));
    this.read(8, target, target, this.offset('files_struct', 'fdt'));
    this.read(4, r1, target, this.offset('fdtable', 'max_fds'));
    code.load(8, r2, r10, slot.b).jumpIf('ge', r2, r1, none);
    this.read(8, target, target, this.offset('fdtable', 'fd'));
    code.load(8, r2, r10, slot.b).alu('lsh', r2, 3).add(target, r2);
    this.read(8, target, target, 0);
    code.jumpIf('eq', target, 0, none);
  }

  /** Hands the record to the reader, or counts it as lost. Ends the program. */
  submit(types: number): void {
    const { code } = this;
    code.label('submit').alu('and', r7, 0xffff).loadMap(r1, this.#maps.ring).mov(r2, r6).mov(r3, r7);
    code.mov(r4, noWakeup).call(helper.ringBufferOutput).jumpIf('eq', r0, 0, 'end');
    code.load(2, r1, r6, record.type).jumpIf('ge', r1, types, 'end').alu('lsh', r1, 3);
    code.loadMapValue(r2, this.#maps.lost, 0).add(r2, r1).mov(r1, 1).atomicAdd(r2, 0, r1);
    code.label('end').mov(r0, 0).exit();
    for (let make = this.#pending.shift(); make !== undefined; make = this.#pending.shift()) make();
  }

  readonly #pending: (() => void)[] = [];

  #call(name: string, count: number, make: () => void): void {
    if (!this.#functions.has(name)) {
      // What returns a pointer cannot be read by itself.
      this.#functions.set(name, { arguments: count, isGlobal: name !== 'begin' });
      this.#pending.push(() => {
        this.code.label(name);
        make();
      });
    }
    this.code.callLocal(name);
  }

  /** The functions of the finished program, the program itself first. */
  get functions(): readonly ProgramFunction[] {
    const called = [...this.#functions].map(([name, one]) => ({
      ...one,
      name,
      at: this.code.place(name) ?? 0,
    }));
    const main = { name: 'main', at: 0, arguments: 1, isGlobal: false };
    return [main, ...called.sort((a, b) => a.at - b.at)];
  }

  /**
   * Begins a function that appends to the record: keeps its arguments, the length first, in `r7`, `r8` and `r9`, and finds the record,
   * into `r6`; the function ends where there is none. It returns the new length.
   */
  enter(count: number): void {
    const { code } = this;
    code.mov(r7, r1).alu('and', r7, offsetMask).mov(r8, r2);
    if (count > 2) code.mov(r9, r3);
    const found = code.fresh('enter');
    code.call(helper.getProcessorId).store(4, r10, slot.key, r0);
    code.loadMap(r1, this.#maps.scratch).mov(r2, r10).add(r2, slot.key).call(helper.mapLookup);
    code.jumpIf('ne', r0, 0, found).mov(r0, r7).exit().label(found).mov(r6, r0);
  }

  /** `r1`: the type. Returns the record of this processor with its head, or 0. */
  #begin(): void {
    const { code } = this;
    code.mov(r6, r1).call(helper.getCurrentPidTgid).mov(r7, r0).mov(r1, r0).alu('rsh', r1, 32);
    code.jumpIf32('eq', r1, this.#muted, 'begin.none').call(helper.getProcessorId).mov(r9, r0);
    code.store(4, r10, slot.key, r0).loadMap(r1, this.#maps.scratch).mov(r2, r10).add(r2, slot.key);
    code.call(helper.mapLookup).jumpIf('eq', r0, 0, 'begin.none').mov(r8, r0).call(helper.getTime);
    code
      .store(8, r8, record.time, r0)
      .store(4, r8, record.tid, r7)
      .alu('rsh', r7, 32)
      .store(4, r8, record.pid, r7);
    code.store(2, r8, record.type, r6).store(2, r8, record.cpu, r9).store(8, r8, record.result, 0);
    code
      .store(8, r8, record.lengths, 0)
      .store(8, r8, record.lengths + 8, 0)
      .mov(r0, r8)
      .exit();
    code.label('begin.none').mov(r0, 0).exit();
  }

  /** The length of the record, a dentry, its mount. Returns the length with the names from the leaf to the root. */
  #walkFunction(): void {
    const { code } = this;
    const mountOffset = this.offset('mount', 'mnt');
    const [dentry, mount] = [slot.a, slot.b];
    this.enter(3);
    code.call(helper.getCurrentTask).mov(r1, r0).store(8, r10, slot.c, r1);
    this.#rootOf();
    code.mov(r1, 0).store(8, r10, slot.key, r1);
    code.label('walk.next').alu('and', r7, offsetMask);
    code.load(8, r1, r10, slot.key).add(r1, 1).store(8, r10, slot.key, r1);
    code.jumpIf('gt', r1, deepestPath, 'walk.done').jumpIf('gt', r7, fullAt, 'walk.done');
    code.jumpIf('eq', r8, 0, 'walk.done');
    code.load(8, r1, r10, slot.c).jumpIf('ne', r8, r1, 'walk.below');
    code.load(8, r1, r10, slot.d).jumpIf('eq', r9, r1, 'walk.done').label('walk.below');
    this.read(8, r1, r9, this.offset('vfsmount', 'mnt_root'));
    code.store(8, r10, mount, r1);
    this.read(8, r1, r8, this.offset('dentry', 'd_parent'));
    code.store(8, r10, dentry, r1).jumpIf('eq', r8, r1, 'walk.top');
    code.load(8, r2, r10, mount).jumpIf('eq', r8, r2, 'walk.top');
    this.read(8, r1, r8, this.offset('dentry', 'd_name.name', '__d_name.name'));
    code.mov(r3, r1).mov(r1, r6).add(r1, r7).mov(r2, 256).call(helper.probeReadKernelString);
    code.jumpIf('sle', r0, 0, 'walk.done').add(r7, r0).load(8, r8, r10, dentry).jump('walk.next');
    // The top of a mount: goes on where it is mounted.
    code.label('walk.top').add(r9, -mountOffset);
    this.read(8, r1, r9, this.offset('mount', 'mnt_parent'));
    code.jumpIf('eq', r1, r9, 'walk.done').store(8, r10, dentry, r1);
    this.read(8, r8, r9, this.offset('mount', 'mnt_mountpoint'));
    code.load(8, r9, r10, dentry).add(r9, mountOffset).jump('walk.next');
    code.label('walk.done').mov(r0, r7).exit();
  }

  /** The root directory of the current task into places `c` (dentry) and `d` (mount). */
  #rootOf(): void {
    const { code } = this;
    code.load(8, r1, r10, slot.c);
    this.read(8, r1, r1, this.offset('task_struct', 'fs'));
    code.store(8, r10, slot.e, r1);
    this.read(8, r1, r1, this.offset('fs_struct', 'root.dentry'));
    code.store(8, r10, slot.c, r1).load(8, r1, r10, slot.e);
    this.read(8, r1, r1, this.offset('fs_struct', 'root.mnt'));
    code.store(8, r10, slot.d, r1);
  }

  /** The length of the record, a descriptor of a directory or -100. Returns the length with its path. */
  #baseFunction(): void {
    const { code } = this;
    this.enter(2);
    code.alu('lsh', r8, 32).alu('arsh', r8, 32).jumpIf('eq', r8, -100, 'base.cwd');
    this.file(r9, r8, 'base.none');
    const path = this.offset('file', 'f_path');
    this.read(8, r8, r9, path + this.offset('path', 'dentry'));
    this.read(8, r4, r9, path + this.offset('path', 'mnt'));
    code.mov(r3, r8).jump('base.walk').label('base.cwd').call(helper.getCurrentTask).mov(r9, r0);
    this.read(8, r9, r9, this.offset('task_struct', 'fs'));
    this.read(8, r8, r9, this.offset('fs_struct', 'pwd.dentry'));
    this.read(8, r4, r9, this.offset('fs_struct', 'pwd.mnt'));
    code.mov(r3, r8).label('base.walk');
    this.#walk();
    code.label('base.none').mov(r0, r7).exit();
  }

  /** The length of the record, a node of kernfs. Returns the length with the names. */
  #cgroupFunction(): void {
    const { code } = this;
    this.enter(2);
    code.mov(r9, 0).label('cgroup.next').alu('and', r7, offsetMask);
    code.add(r9, 1).jumpIf('gt', r9, 16, 'cgroup.done').jumpIf('gt', r7, fullAt, 'cgroup.done');
    code.jumpIf('eq', r8, 0, 'cgroup.done');
    this.read(8, r1, r8, this.offset('kernfs_node', '__parent', 'parent'));
    code.jumpIf('eq', r1, 0, 'cgroup.done').store(8, r10, slot.a, r1);
    this.read(8, r1, r8, this.offset('kernfs_node', 'name'));
    code.mov(r3, r1).mov(r1, r6).add(r1, r7).mov(r2, 256).call(helper.probeReadKernelString);
    code.jumpIf('sle', r0, 0, 'cgroup.done').add(r7, r0).load(8, r8, r10, slot.a).jump('cgroup.next');
    code.label('cgroup.done').mov(r0, r7).exit();
  }
}
