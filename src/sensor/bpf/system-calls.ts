import { helper, r0, r1, r2, r3, r4, r6, r7, r8, r9, r10 } from './assembler.ts';
import { type Call, callOf, numbersX64 } from './calls.ts';
import type { RecordProgram } from './program.ts';
import { descriptorRecord as at, record } from './record.ts';

/** Registers of the arguments of a system call, as `pt_regs` names them (x86-64). */
const argumentRegisters = ['di', 'si', 'dx', 'r10', 'r8', 'r9'] as const;
/** Set in a thread while it is in a call of the 32-bit interface (`TS_COMPAT`, asm/thread_info.h). */
const compatibleCall = 2;
const shownBytes = 80;
const longestAddress = 110;
/** As long as the addresses of the Internet families are (`struct sockaddr_in6`). */
const filledAddress = 28;
/** Members of `struct msghdr` and `struct iovec` (64 bits). */
const message = { name: 0, nameLength: 8, parts: 16 } as const;
const part = { base: 0, length: 8 } as const;
const kept = -72;
const fileType = 0xf000;
const socketType = 0xc000;

/** A call that is asked for: its name and the number of its event type. */
export interface WantedCall {
  readonly name: string;
  readonly type: number;
}

/** Writes the program for the end of system calls (`tp_btf/sys_exit`): a record of each of the wanted calls. */
export function systemCallProgram(
  program: RecordProgram,
  wanted: readonly WantedCall[],
  types: number,
): void {
  const { code } = program;
  const registers = argumentRegisters.map((name) => program.offset('pt_regs', name));
  const sorted = wanted
    .map((call) => ({ ...call, number: numbersX64[call.name] as number, shape: callOf(call.name) as Call }))
    .sort((a, b) => a.number - b.number);
  code.load(8, r8, r1, 0).load(8, r9, r1, 8).load(8, r2, r8, program.offset('pt_regs', 'orig_ax'));
  const dispatch = (from: number, to: number): void => {
    if (to - from === 1) {
      const { number, name } = sorted[from] as (typeof sorted)[number];
      code.jumpIf('eq', r2, number, `call.${name}`).jump('end');
      return;
    }
    const middle = (from + to) >> 1;
    const upper = code.fresh('from');
    code.jumpIf('ge', r2, (sorted[middle] as (typeof sorted)[number]).number, upper);
    dispatch(from, middle);
    code.label(upper);
    dispatch(middle, to);
  };
  // The numbers of 32-bit programs, and of `int 0x80` in any, mean other calls.
  const foreign = (): void => {
    code.call(helper.getCurrentTask).mov(r7, r0);
    program.read(4, r1, r7, program.offset('task_struct', 'thread_info.status'));
    code.jumpIf('set', r1, compatibleCall, 'end');
  };
  if (sorted.length === 0) code.jump('end');
  else dispatch(0, sorted.length);
  for (const { name, type, shape } of sorted) {
    code.label(`call.${name}`);
    // Starts that succeed are told by a program of their own.
    if (name === 'execve' || name === 'execveat') code.jumpIf('eq', r9, 0, 'end');
    foreign();
    program.begin(type, 'end');
    code.store(8, r6, record.result, r9);
    for (const argument of shape.arguments) {
      code.load(8, r1, r8, registers[argument] as number).store(8, r6, record.arguments + 8 * argument, r1);
    }
    captureAll(program, shape);
    code.jump('submit');
  }
  program.submit(types);
}

function captureAll(program: RecordProgram, { captures }: Call): void {
  const { code } = program;
  const argument = (index: number) => record.arguments + 8 * index;
  captures.forEach((capture, index) => {
    switch (capture.kind) {
      case 'text':
        code.store(8, r10, -64, r7).load(8, r3, r6, argument(capture.argument));
        program.text(index, 'user');
        break;
      case 'base': {
        const absolute = code.fresh('absolute');
        code.load(2, r1, r6, record.lengths + 2 * (index - 1)).jumpIf('eq', r1, 0, absolute);
        code.load(8, r1, r10, -64).add(r1, r6).load(1, r1, r1, 0).jumpIf('eq', r1, 0x2f, absolute);
        if (capture.argument < 0) code.mov(r3, -100);
        else code.load(8, r3, r6, argument(capture.argument));
        program.base(index);
        code.label(absolute);
        break;
      }
      case 'data':
        code.load(8, r3, r6, argument(capture.argument)).mov(r2, r9);
        program.bytes(index, shownBytes);
        break;
      case 'address':
        code.load(8, r3, r6, argument(capture.argument));
        if (capture.length === undefined) code.mov(r2, filledAddress);
        else code.load(4, r2, r6, argument(capture.length));
        program.bytes(index, longestAddress);
        break;
      case 'message':
        code.load(8, r8, r6, argument(capture.argument));
        if (capture.part === 'address') messageAddress(program);
        else messageData(program);
        program.bytes(index, capture.part === 'address' ? longestAddress : shownBytes);
        break;
      case 'words':
        code.load(8, r3, r6, argument(capture.argument)).mov(r2, capture.bytes);
        program.bytes(index, capture.bytes);
        break;
      case 'descriptor':
        if (capture.argument === 'ret') code.mov(r3, r9);
        else code.load(4, r3, r6, argument(capture.argument));
        program.descriptor(index, () => descriptorFunction(program));
        break;
    }
  });
}

/** The address that the message at `r8` names into `r3`, its length into `r2`. */
function messageAddress(program: RecordProgram): void {
  const { code } = program;
  program.readUser(4, r1, r8, message.nameLength);
  code.store(8, r10, kept, r1);
  program.readUser(8, r3, r8, message.name);
  code.load(8, r2, r10, kept);
}

/** The first part of the message at `r8` into `r3`, as much of it as the call moved into `r2`. */
function messageData(program: RecordProgram): void {
  const { code } = program;
  const whole = code.fresh('message');
  program.readUser(8, r8, r8, message.parts);
  program.readUser(8, r1, r8, part.length);
  code.store(8, r10, kept, r1);
  program.readUser(8, r3, r8, part.base);
  code.load(8, r1, r10, kept).mov(r2, r9).jumpIf('sle', r2, r1, whole).mov(r2, r1).label(whole);
}

/** The length of the record, a descriptor. Returns the length with what it is. */
function descriptorFunction(program: RecordProgram): void {
  const { code } = program;
  program.enter(2);
  code.alu('lsh', r8, 32).alu('arsh', r8, 32);
  program.file(r9, r8, 'descriptor.none');
  // All of it is set, as the buffer still holds an older record.
  code.mov(r0, 0);
  for (let offset = 0; offset < at.size; offset += 8) program.put(8, offset, r0);
  program.copy(4, at.fileMode, r9, program.offset('file', 'f_mode'));
  program.read(8, r8, r9, program.offset('file', 'f_inode'));
  program.copy(8, at.inode, r8, program.offset('inode', 'i_ino'));
  program.copy(2, at.mode, r8, program.offset('inode', 'i_mode'));
  code.store(8, r10, -24, r8);
  program.read(8, r8, r8, program.offset('inode', 'i_sb'));
  program.copy(4, at.device, r8, program.offset('super_block', 's_dev'));
  code.mov(r1, r6).add(r1, r7).load(2, r2, r1, at.mode).alu('and', r2, fileType);
  code.jumpIf('eq', r2, socketType, 'descriptor.socket');
  code.jumpIf('eq', r2, 0x8000, 'descriptor.path').jumpIf('eq', r2, 0x4000, 'descriptor.path');
  code.jumpIf('eq', r2, 0x2000, 'descriptor.path').jumpIf('eq', r2, 0x6000, 'descriptor.path');
  code.add(r7, at.size).jump('descriptor.none');
  code.label('descriptor.path').add(r7, at.size);
  const path = program.offset('file', 'f_path');
  program.read(8, r8, r9, path + program.offset('path', 'dentry'));
  program.read(8, r4, r9, path + program.offset('path', 'mnt'));
  code.mov(r3, r8);
  program.path();
  code.jump('descriptor.none');
  code.label('descriptor.socket');
  program.read(8, r8, r9, program.offset('file', 'private_data'));
  program.read(8, r8, r8, program.offset('socket', 'sk'));
  const sock = (name: string) => program.offset('sock', `__sk_common.${name}`);
  program.copy(2, at.family, r8, sock('skc_family'));
  program.copy(2, at.socketType, r8, program.offset('sock', 'sk_type'));
  program.copy(2, at.protocol, r8, program.offset('sock', 'sk_protocol'));
  program.copy(1, at.state, r8, sock('skc_state'));
  program.copy(2, at.localPort, r8, sock('skc_num'));
  program.copy(2, at.remotePort, r8, sock('skc_dport'));
  program.copy(4, at.local4, r8, sock('skc_rcv_saddr'));
  program.copy(4, at.remote4, r8, sock('skc_daddr'));
  program.copy(16, at.local6, r8, sock('skc_v6_rcv_saddr'));
  program.copy(16, at.remote6, r8, sock('skc_v6_daddr'));
  code.mov(r1, r6).add(r1, r7).load(2, r2, r1, at.family).jumpIf('ne', r2, 1, 'descriptor.inet');
  program.put(8, at.own, r8);
  program.read(8, r9, r8, program.offset('unix_sock', 'peer'));
  program.put(8, at.peer, r9);
  // Its own name, or that of the other end: one of both is bound.
  program.read(8, r8, r8, program.offset('unix_sock', 'addr'));
  code.jumpIf('ne', r8, 0, 'descriptor.bound');
  code.jumpIf('eq', r9, 0, 'descriptor.inet');
  program.read(8, r8, r9, program.offset('unix_sock', 'addr'));
  code.jumpIf('eq', r8, 0, 'descriptor.inet');
  code.label('descriptor.bound').add(r7, at.size).mov(r3, r8);
  code
    .add(r3, program.offset('unix_address', 'name') + 2)
    .mov(r1, r6)
    .add(r1, r7)
    .mov(r2, 108);
  code
    .call(helper.probeReadKernel)
    .jumpIf('ne', r0, 0, 'descriptor.none')
    .add(r7, 108)
    .jump('descriptor.none');
  code.label('descriptor.inet').add(r7, at.size);
  code.label('descriptor.none').mov(r0, r7).exit();
}
