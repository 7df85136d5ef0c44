import { syscallNames } from './syscalls.ts';

/** How a parameter of an event is read and printed. */
export type ParameterKind =
  | 'int'
  | 'uint'
  /** Printed in hexadecimal. */
  | 'hex'
  | 'bool'
  | 'fd'
  | 'pid'
  | 'uid'
  | 'gid'
  /** A result: below zero it is an error number. */
  | 'errno'
  | 'string'
  | 'bytes'
  | 'path'
  /** Below the directory that another parameter names. */
  | 'relative path'
  | 'open flags'
  | 'clone flags'
  | 'file mode'
  | 'at flags'
  | 'unlink flags'
  | 'socket domain'
  | 'ptrace request'
  | 'bpf command'
  | 'access mode'
  | 'flags'
  | 'signal'
  | 'address'
  | 'tuple'
  | 'descriptors';

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
}

/** Kinds by the short names that the table below uses. */
const kinds: Readonly<Record<string, ParameterKind>> = {
  i: 'int',
  u: 'uint',
  x: 'hex',
  b: 'bool',
  fd: 'fd',
  pid: 'pid',
  uid: 'uid',
  gid: 'gid',
  e: 'errno',
  s: 'string',
  by: 'bytes',
  p: 'path',
  rp: 'relative path',
  of: 'open flags',
  cf: 'clone flags',
  m: 'file mode',
  af: 'at flags',
  uf: 'unlink flags',
  sd: 'socket domain',
  pt: 'ptrace request',
  bc: 'bpf command',
  am: 'access mode',
  f: 'flags',
  sg: 'signal',
  sa: 'address',
  t: 'tuple',
  fds: 'descriptors',
};

const started =
  'exe:s args:by tid:pid pid:pid ptid:pid cwd:s fdlimit:i pgft_maj:u pgft_min:u vm_size:u vm_rss:u vm_swap:u comm:s cgroups:by';
const cloned = `res:pid ${started} flags:cf uid:uid gid:gid vtid:pid vpid:pid pidns_init_start_ts:u`;
const executed = `res:e ${started} env:by tty:u vpgid:pid loginuid:uid flags:f cap_inheritable:u cap_permitted:u cap_effective:u exe_ino:u exe_ino_ctime:u exe_ino_mtime:u uid:uid trusted_exepath:p pgid:pid gid:gid`;
const received = 'res:e data:by tuple:t fd:fd size:u';
const sent = 'res:e data:by fd:fd size:u tuple:t';
const memory = 'res:e vm_size:u vm_rss:u vm_swap:u';

/**
 * Parameters of the events that have any beside a result, those of a call's entry behind those of its return. The names are the
 * ones by which rules ask (`evt.arg.NAME`).
 */
const table: Readonly<Record<string, string>> = {
  open: 'fd:fd name:p flags:of mode:u dev:u ino:u',
  openat: 'fd:fd dirfd:fd name:rp flags:of mode:u dev:u ino:u',
  openat2: 'fd:fd dirfd:fd name:rp flags:of mode:u resolve:f dev:u ino:u',
  open_by_handle_at: 'fd:fd mountfd:fd flags:of path:p dev:u ino:u',
  creat: 'fd:fd name:p mode:u dev:u ino:u',
  close: 'res:e fd:fd',
  read: 'res:e data:by fd:fd size:u',
  write: 'res:e data:by fd:fd size:u',
  pread64: 'res:e data:by fd:fd size:u pos:u',
  pwrite64: 'res:e data:by fd:fd size:u pos:u',
  readv: 'res:e size:u data:by fd:fd',
  writev: 'res:e data:by fd:fd size:u',
  execve: `${executed} filename:p`,
  execveat: `${executed} dirfd:fd pathname:rp flags_at:af`,
  clone: cloned,
  clone3: cloned,
  fork: cloned,
  vfork: cloned,
  procexit: 'status:e ret:e sig:sg core:u reaper_tid:pid',
  socket: 'fd:fd domain:sd type:u proto:u',
  bind: 'res:e addr:sa fd:fd',
  connect: 'res:e tuple:t fd:fd addr:sa',
  listen: 'res:e fd:fd backlog:i',
  accept: 'fd:fd tuple:t queuepct:u queuelen:u queuemax:u',
  accept4: 'fd:fd tuple:t queuepct:u queuelen:u queuemax:u flags:i',
  sendto: sent,
  sendmsg: sent,
  recvfrom: received,
  recvmsg: 'res:e size:u data:by tuple:t msgcontrol:by fd:fd',
  shutdown: 'res:e fd:fd how:f',
  socketpair: 'res:e fd1:fd fd2:fd source:u peer:u domain:sd type:u proto:u',
  setsockopt: 'res:e fd:fd level:f optname:f val:u optlen:u',
  getsockopt: 'res:e fd:fd level:f optname:f val:u optlen:u',
  pipe: 'res:e fd1:fd fd2:fd ino:u',
  pipe2: 'res:e fd1:fd fd2:fd ino:u flags:of',
  eventfd: 'res:fd initval:u flags:f',
  eventfd2: 'res:fd flags:of initval:u',
  futex: 'res:e addr:x op:f val:u',
  stat: 'res:e path:p',
  lstat: 'res:e path:p',
  fstat: 'res:e fd:fd',
  poll: 'res:e fds:fds timeout:i',
  ppoll: 'res:e fds:fds timeout:u sigmask:u',
  lseek: 'res:e fd:fd offset:u whence:f',
  getcwd: 'res:e path:s',
  chdir: 'res:e path:p',
  fchdir: 'res:e fd:fd',
  chroot: 'res:e path:p',
  mkdir: 'res:e path:p mode:u',
  mkdirat: 'res:e dirfd:fd path:rp mode:u',
  rmdir: 'res:e path:p',
  unlink: 'res:e path:p',
  unlinkat: 'res:e dirfd:fd name:rp flags:uf',
  link: 'res:e oldpath:p newpath:p',
  linkat: 'res:e olddir:fd oldpath:rp newdir:fd newpath:rp flags:af',
  symlink: 'res:e target:s linkpath:p',
  symlinkat: 'res:e target:s linkdirfd:fd linkpath:rp',
  rename: 'res:e oldpath:p newpath:p',
  renameat: 'res:e olddirfd:fd oldpath:rp newdirfd:fd newpath:rp',
  renameat2: 'res:e olddirfd:fd oldpath:rp newdirfd:fd newpath:rp flags:f',
  chmod: 'res:e filename:p mode:m',
  fchmod: 'res:e fd:fd mode:m',
  fchmodat: 'res:e dirfd:fd filename:rp mode:m',
  chown: 'res:e path:p uid:uid gid:gid',
  fchown: 'res:e fd:fd uid:uid gid:gid',
  fchownat: 'res:e dirfd:fd pathname:rp uid:uid gid:gid flags:af',
  access: 'res:e name:p mode:am',
  dup: 'res:fd oldfd:fd',
  dup2: 'res:fd oldfd:fd newfd:fd',
  dup3: 'res:fd oldfd:fd newfd:fd flags:of',
  fcntl: 'res:fd fd:fd cmd:f',
  ioctl: 'res:e fd:fd request:x argument:x',
  kill: 'res:e pid:pid sig:sg',
  tkill: 'res:e tid:pid sig:sg',
  tgkill: 'res:e pid:pid tid:pid sig:sg',
  nanosleep: 'res:e interval:u',
  timerfd_create: 'res:fd clockid:u flags:u',
  inotify_init: 'res:fd flags:u',
  signalfd: 'res:fd fd:fd mask:u flags:u',
  memfd_create: 'fd:fd name:s flags:f',
  getrlimit: 'res:e cur:i max:i resource:f',
  setrlimit: 'res:e cur:i max:i resource:f',
  prlimit64: 'res:e newcur:i newmax:i oldcur:i oldmax:i pid:pid resource:f',
  brk: 'res:x vm_size:u vm_rss:u vm_swap:u addr:x',
  mmap: 'res:x vm_size:u vm_rss:u vm_swap:u addr:x length:u prot:f flags:f fd:fd offset:u',
  munmap: `${memory} addr:x length:u`,
  mprotect: 'res:e addr:x length:u prot:f',
  madvise: 'res:e addr:x length:u advice:i',
  splice: 'res:e fd_in:fd fd_out:fd size:u flags:f',
  sendfile: 'res:e offset:u out_fd:fd in_fd:fd size:u',
  copy_file_range: 'res:e fdout:fd offout:u len:u fdin:fd offin:u',
  ptrace: 'res:e addr:u data:u request:pt pid:pid',
  mount: 'res:e dev:s dir:p type:s flags:f',
  umount2: 'res:e name:p flags:f',
  setns: 'res:e fd:fd nstype:cf',
  unshare: 'res:e flags:cf',
  setuid: 'res:e uid:uid',
  setgid: 'res:e gid:gid',
  setreuid: 'res:e ruid:uid euid:uid',
  setregid: 'res:e rgid:gid egid:gid',
  setresuid: 'res:e ruid:uid euid:uid suid:uid',
  setresgid: 'res:e rgid:gid egid:gid sgid:gid',
  getuid: 'uid:uid',
  geteuid: 'euid:uid',
  getgid: 'gid:gid',
  getegid: 'egid:gid',
  setsid: 'res:pid',
  setpgid: 'res:pid pid:pid pgid:pid',
  capset: 'res:e cap_inheritable:u cap_permitted:u cap_effective:u',
  prctl: 'res:e option:f arg2_str:s arg2_int:i',
  seccomp: 'res:e op:u flags:u',
  bpf: 'fd:fd cmd:bc',
  init_module: 'res:e img:by length:u uargs:s',
  finit_module: 'res:e fd:fd uargs:s flags:f',
  delete_module: 'res:e name:s flags:of',
  userfaultfd: 'res:e flags:of',
  process_vm_readv: 'res:i pid:pid data:by',
  process_vm_writev: 'res:i pid:pid data:by',
  pidfd_open: 'fd:fd pid:pid flags:f',
  pidfd_getfd: 'fd:fd pid_fd:fd target_fd:fd flags:u',
  epoll_create: 'res:e size:i',
  epoll_create1: 'res:e flags:f',
  getdents: 'res:e fd:fd',
  getdents64: 'res:e fd:fd',
  flock: 'res:e fd:fd operation:f',
  signaldeliver: 'spid:pid dpid:pid sig:sg',
  switch: 'next:pid pgft_maj:u pgft_min:u vm_size:u vm_rss:u vm_swap:u',
  container: 'json:s',
};

/** Types that are no system calls. */
const others = [
  'procexit',
  'switch',
  'signaldeliver',
  'container',
  'drop',
  'notification',
  'page_fault',
  'pluginevent',
  'cpu_hotplug',
  'tracer',
];

/** Names of all types of system events, for `evt.type`; the index is the number of the type. */
export const eventTypes: readonly string[] = [...syscallNames, ...others];

const numbers: ReadonlyMap<string, number> = new Map(eventTypes.map((name, number) => [name, number]));
const resultOnly: readonly Parameter[] = [{ name: 'res', kind: 'errno' }];

const parameters: readonly (readonly Parameter[])[] = eventTypes.map((name) => {
  const text = table[name];
  if (text === undefined) return others.includes(name) ? [] : resultOnly;
  return text.split(' ').map((part) => {
    const [own = '', kind = ''] = part.split(':');
    return { name: own, kind: kinds[kind] as ParameterKind };
  });
});

const positions: readonly ReadonlyMap<string, number>[] = parameters.map(
  (list) => new Map(list.map(({ name }, index) => [name, index])),
);

/** Returns the number of a type by its name, or undefined. */
export function eventTypeNumber(name: string): number | undefined {
  return numbers.get(name);
}

/** Returns the parameters of a type of event, in their order. */
export function parametersOf(type: number): readonly Parameter[] {
  return parameters[type] ?? [];
}

/** Returns where a parameter stands by its name; undefined when the type has none of that name. */
export function parameterIndex(type: number, name: string): number | undefined {
  return positions[type]?.get(name);
}
