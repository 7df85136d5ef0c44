import { helper, r0, r1, r2, r3, r4, r6, r8, r9, r10 } from './assembler.ts';
import type { RecordProgram } from './program.ts';
import { execRecord, execSlot, forkRecord } from './record.ts';

const longestArguments = 16_384;
const longestEnvironment = 4096;
/** Places in `signal_struct.pids` (enum pid_type). */
const [groupPid, sessionPid] = [2, 3];
const overlayMagic = 0x794c7630;

/** Writes the program for starts of programs (`tp_btf/sched_process_exec`). */
export function execProgram(program: RecordProgram, type: number, types: number): void {
  const { code } = program;
  const task = (name: string) => program.offset('task_struct', name);
  code.load(8, r8, r1, 16).store(8, r10, -72, r8);
  program.begin(type, 'end');
  code.call(helper.getCurrentTask).mov(r8, r0).mov(r0, 0);
  for (let offset = 0; offset < execRecord.size; offset += 8) program.put(8, offset, r0);
  program.read(8, r9, r8, task('real_parent'));
  program.copy(4, execRecord.parent, r9, task('tgid'));
  program.copy(4, execRecord.loginUid, r8, task('loginuid'));
  program.copy(8, execRecord.started, r8, task('start_time'));
  program.copy(16, execRecord.comm, r8, task('comm'));
  pidNumbers(program, execRecord.namespacePid, execRecord.namespaceTid);
  program.read(8, r9, r8, task('signal'));
  code.store(8, r10, -80, r9);
  pidOf(program, groupPid, execRecord.group, execRecord.namespaceGroup);
  code.load(8, r9, r10, -80);
  pidOf(program, sessionPid, execRecord.session, undefined);
  code.load(8, r9, r10, -80);
  program.read(8, r9, r9, program.offset('signal_struct', 'tty'));
  code.jumpIf('eq', r9, 0, 'exec.no-tty');
  terminal(program);
  code.label('exec.no-tty');
  program.read(8, r9, r8, task('cred'));
  for (const [at, name] of [
    [execRecord.inheritable, 'cap_inheritable'],
    [execRecord.permitted, 'cap_permitted'],
    [execRecord.effective, 'cap_effective'],
  ] as const) {
    program.copy(8, at, r9, program.offset('cred', name));
  }
  program.copy(4, execRecord.uid, r9, program.offset('cred', 'euid'));
  program.copy(4, execRecord.gid, r9, program.offset('cred', 'egid'));
  program.read(8, r9, r8, task('mm'));
  program.read(8, r9, r9, program.offset('mm_struct', 'exe_file'));
  code.store(8, r10, -80, r9);
  programFile(program);
  program.fixed(execSlot.process, execRecord.size);

  program.read(8, r9, r8, task('mm'));
  copyRange(program, execSlot.arguments, 'arg_start', 'arg_end', longestArguments);
  copyRange(program, execSlot.environment, 'env_start', 'env_end', longestEnvironment);
  code.load(8, r9, r10, -80);
  const path = program.offset('file', 'f_path');
  program.read(8, r8, r9, path + program.offset('path', 'dentry'));
  program.read(8, r4, r9, path + program.offset('path', 'mnt'));
  code.mov(r3, r8);
  program.path(execSlot.program);
  code.mov(r3, -100);
  program.base(execSlot.directory);
  code.call(helper.getCurrentTask).mov(r8, r0);
  program.read(8, r8, r8, task('cgroups'));
  program.read(8, r8, r8, program.offset('css_set', 'dfl_cgrp'));
  program.read(8, r8, r8, program.offset('cgroup', 'kn'));
  code.mov(r3, r8);
  program.cgroup(execSlot.cgroup);
  code.load(8, r8, r10, -72);
  program.read(8, r8, r8, program.offset('linux_binprm', 'filename'));
  code.mov(r3, r8);
  program.text(execSlot.fileName, 'kernel');
  code.jump('submit');
  program.submit(types);
}

/** Numbers of the task in `r8` as its own namespace counts them: of its process and of itself. */
function pidNumbers(program: RecordProgram, process: number, thread: number): void {
  program.read(8, r9, r8, program.offset('task_struct', 'thread_pid'));
  innermost(program, thread);
  program.read(8, r9, r8, program.offset('task_struct', 'group_leader'));
  program.read(8, r9, r9, program.offset('task_struct', 'thread_pid'));
  innermost(program, process);
}

/** The number of a `struct pid` in `r9` in its innermost namespace. */
function innermost(program: RecordProgram, at: number): void {
  const { code } = program;
  program.read(4, r1, r9, program.offset('pid', 'level'));
  code
    .alu('and', r1, 31)
    .alu('mul', r1, program.size('upid') ?? 16)
    .mov(r0, r9)
    .add(r0, r1);
  program.copy(4, at, r0, program.offset('pid', 'numbers') + program.offset('upid', 'nr'));
}

/** A pid of the process whose `signal_struct` is in `r9`: as the machine counts it, and as its namespace does. */
function pidOf(program: RecordProgram, which: number, at: number, inner: number | undefined): void {
  program.read(8, r9, r9, program.offset('signal_struct', 'pids') + 8 * which);
  program.copy(4, at, r9, program.offset('pid', 'numbers') + program.offset('upid', 'nr'));
  if (inner !== undefined) innermost(program, inner);
}

/** The number of the terminal in `r9`, as stat(2) tells devices. */
function terminal(program: RecordProgram): void {
  const { code } = program;
  program.read(4, r1, r9, program.offset('tty_struct', 'index'));
  code.store(8, r10, -88, r1);
  program.read(8, r9, r9, program.offset('tty_struct', 'driver'));
  program.read(4, r1, r9, program.offset('tty_driver', 'minor_start'));
  code.load(8, r2, r10, -88).add(r2, r1).store(8, r10, -88, r2);
  program.read(4, r1, r9, program.offset('tty_driver', 'major'));
  code.load(8, r2, r10, -88).mov(r0, r2).alu('and', r0, 0xff).alu('lsh', r1, 8).alu('or', r0, r1);
  code.alu('and', r2, 0xfff00).alu('lsh', r2, 12).alu('or', r0, r2);
  program.put(4, execRecord.tty, r0);
}

/** What the file of the program is, whose address is in `r9`. */
function programFile(program: RecordProgram): void {
  const { code } = program;
  const inode = (name: string) => program.offset('inode', name);
  program.read(8, r9, r9, program.offset('file', 'f_inode'));
  program.copy(8, execRecord.inode, r9, inode('i_ino'));
  program.copy(
    8,
    execRecord.changedSeconds,
    r9,
    program.offset('inode', 'i_ctime_sec', '__i_ctime', 'i_ctime'),
  );
  program.copy(
    8,
    execRecord.modifiedSeconds,
    r9,
    program.offset('inode', 'i_mtime_sec', '__i_mtime', 'i_mtime'),
  );
  program.copy(
    4,
    execRecord.changedNanoseconds,
    r9,
    program.offset('inode', 'i_ctime_nsec', '__i_ctime.tv_nsec', 'i_ctime.tv_nsec'),
  );
  program.copy(
    4,
    execRecord.modifiedNanoseconds,
    r9,
    program.offset('inode', 'i_mtime_nsec', '__i_mtime.tv_nsec', 'i_mtime.tv_nsec'),
  );
  program.copy(2, execRecord.mode, r9, inode('i_mode'));
  program.copy(4, execRecord.owner, r9, inode('i_uid'));
  program.copy(4, execRecord.ownerGroup, r9, inode('i_gid'));
  code.store(8, r10, -88, r9);
  program.read(8, r9, r9, inode('i_sb'));
  program.read(8, r9, r9, program.offset('super_block', 's_magic'));
  program.put(8, execRecord.magic, r9);
  code.mov(r1, r9).loadImmediate(r2, BigInt(overlayMagic)).jumpIf('ne', r1, r2, 'exec.no-overlay');
  code.load(8, r9, r10, -88);
  program.copy(8, execRecord.upper, r9, upperDentry(program));
  code.label('exec.no-overlay').load(8, r9, r10, -80);
  program.read(8, r9, r9, program.offset('file', 'f_path') + program.offset('path', 'dentry'));
  program.read(8, r9, r9, program.offset('dentry', 'd_name.name', '__d_name.name'));
  program.copy(execRecord.fileNameEnd - execRecord.fileName, execRecord.fileName, r9, 0);
}

/** Where an overlay keeps the upper dentry, from the inode on; right behind the inode where the kernel does not tell. */
function upperDentry(program: RecordProgram): number {
  try {
    return program.offset('ovl_inode', '__upperdentry') - program.offset('ovl_inode', 'vfs_inode');
  } catch {
    return program.size('inode') ?? 0;
  }
}

/** Appends memory of the process between two addresses that its `mm_struct` (`r9`) tells. */
function copyRange(program: RecordProgram, slot: number, from: string, to: string, most: number): void {
  const { code } = program;
  program.read(8, r1, r9, program.offset('mm_struct', from));
  code.store(8, r10, -88, r1);
  program.read(8, r2, r9, program.offset('mm_struct', to));
  code.load(8, r3, r10, -88).alu('sub', r2, r3);
  program.bytes(slot, most);
}

/** Writes the program for new threads and processes (`tp_btf/sched_process_fork`): a record in the name of the new one. */
export function forkProgram(program: RecordProgram, type: number, types: number): void {
  const { code } = program;
  const task = (name: string) => program.offset('task_struct', name);
  code.load(8, r8, r1, 8).load(8, r1, r1, 0).store(8, r10, -80, r1);
  program.begin(type, 'end');
  program.copy(8, forkRecord.started, r8, task('start_time'));
  program.copy(16, forkRecord.comm, r8, task('comm'));
  program.copy(8, forkRecord.files, r8, task('files'));
  code.load(8, r9, r10, -80);
  program.copy(8, forkRecord.parentFiles, r9, task('files'));
  program.read(8, r9, r8, task('real_parent'));
  program.copy(4, forkRecord.parent, r9, task('tgid'));
  pidNumbers(program, forkRecord.namespacePid, forkRecord.namespaceTid);
  program.fixed(0, forkRecord.size);
  program.read(4, r9, r8, task('pid'));
  code.store(4, r6, 8, r9);
  program.read(4, r9, r8, task('tgid'));
  code.store(4, r6, 12, r9).jump('submit');
  program.submit(types);
}

/** Writes the program for ends of threads (`tp_btf/sched_process_exit`). */
export function exitProgram(program: RecordProgram, type: number, types: number): void {
  const { code } = program;
  program.begin(type, 'end');
  code.call(helper.getCurrentTask).mov(r8, r0);
  program.read(4, r1, r8, program.offset('task_struct', 'exit_code'));
  code.store(8, r6, 32, r1).jump('submit');
  program.submit(types);
}
