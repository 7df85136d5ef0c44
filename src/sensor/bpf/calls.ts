/** The parameters of a start of a program between its result and the file that was asked for. */
const unknown = Array.from({ length: 29 }, () => '-').join(' ');

/**
 * Where the parameters of each type come from, in the order of `parametersOf(type)`: what the programs have to copy follows from it.
 *
 * | sign    | meaning                                                     |
 * | ------- | ----------------------------------------------------------- |
 * | `ret`   | what the call returned                                      |
 * | `iN`    | argument N as a signed integer of 32 bits                   |
 * | `uN`    | the same, unsigned                                          |
 * | `lN`    | argument N as an integer of 64 bits                         |
 * | `pN`    | path at argument N, below the current directory             |
 * | `pN@M`  | path at argument N, below the directory open as argument M  |
 * | `sN`    | text at argument N that is no path of its own               |
 * | `dN`    | bytes at argument N, as many as the call returned, at most 80 |
 * | `aN,M`  | socket address at argument N, its length is argument M      |
 * | `aN`    | socket address that the call filled in at argument N        |
 * | `vN`    | first bytes of the message (`struct msghdr`) at argument N  |
 * | `nN`    | socket address that this message names                      |
 * | `wN:K`  | K-th word of 64 bits of the structure at argument N         |
 * | `tuple` | both ends of the socket                                     |
 * | `dev`, `ino` | device and inode of the file that was opened           |
 * | `-`     | not given                                                   |
 *
 * Behind `;` stands the descriptor that the kernel looks at when the call returns: `ret`, or the number of an argument; then the
 * address that the call named, where no parameter tells it.
 */
export const calls: Readonly<Record<string, string>> = {
  open: 'ret p0 l1 l2 dev ino ; ret',
  openat: 'ret i0 p1@0 l2 l3 dev ino ; ret',
  openat2: 'ret i0 p1@0 w2:0 w2:1 w2:2 dev ino ; ret',
  creat: 'ret p0 l1 dev ino ; ret',
  socket: 'ret u0 u1 u2',
  bind: 'ret a1,2 i0 ; 0',
  connect: 'ret tuple i0 a1,2 ; 0',
  listen: 'ret i0 i1 ; 0',
  accept: 'ret tuple - - - ; ret',
  accept4: 'ret tuple - - - i3 ; ret',
  sendto: 'ret d1 i0 l2 tuple ; 0 a4,5',
  sendmsg: 'ret v1 i0 - tuple ; 0 n1',
  recvfrom: 'ret d1 tuple i0 l2 ; 0 a4',
  recvmsg: 'ret - v1 tuple - i0 ; 0 n1',
  chdir: 'ret p0',
  fchdir: 'ret i0 ; 0',
  chroot: 'ret p0',
  mkdir: 'ret p0 l1',
  mkdirat: 'ret i0 p1@0 l2',
  rmdir: 'ret p0',
  unlink: 'ret p0',
  unlinkat: 'ret i0 p1@0 l2',
  link: 'ret p0 p1',
  linkat: 'ret i0 p1@0 i2 p3@2 l4',
  symlink: 'ret s0 p1',
  symlinkat: 'ret s0 i1 p2@1',
  rename: 'ret p0 p1',
  renameat: 'ret i0 p1@0 i2 p3@2',
  renameat2: 'ret i0 p1@0 i2 p3@2 l4',
  chmod: 'ret p0 l1',
  fchmod: 'ret i0 l1 ; 0',
  fchmodat: 'ret i0 p1@0 l2',
  chown: 'ret p0 u1 u2',
  fchown: 'ret i0 u1 u2 ; 0',
  fchownat: 'ret i0 p1@0 u2 u3 l4',
  dup: 'ret i0 ; 0',
  dup2: 'ret i0 i1 ; 0',
  dup3: 'ret i0 i1 l2 ; 0',
  ptrace: 'ret l2 l3 l0 i1',
  mount: 'ret s0 p1 s2 l3',
  umount2: 'ret p0 l1',
  setns: 'ret i0 l1 ; 0',
  unshare: 'ret l0',
  setuid: 'ret u0',
  setgid: 'ret u0',
  setresuid: 'ret u0 u1 u2',
  setresgid: 'ret u0 u1 u2',
  setsid: 'ret',
  bpf: 'ret l0',
  init_module: 'ret - l1 s2',
  finit_module: 'ret i0 s1 l2 ; 0',
  userfaultfd: 'ret l0',
  memfd_create: 'ret s0 l1',
  // Starts that fail: what the program would have been is not known.
  execve: `ret ${unknown} p0`,
  execveat: `ret ${unknown} i0 p1@0 l4`,
  kill: 'ret i0 u1',
  tkill: 'ret i0 u1',
  tgkill: 'ret i0 i1 u2',
  setpgid: 'ret i0 i1',
};

/** Numbers of the calls above (asm/unistd_64.h of x86-64). */
export const numbersX64: Readonly<Record<string, number>> = {
  open: 2,
  openat: 257,
  openat2: 437,
  creat: 85,
  socket: 41,
  bind: 49,
  connect: 42,
  listen: 50,
  accept: 43,
  accept4: 288,
  sendto: 44,
  sendmsg: 46,
  recvfrom: 45,
  recvmsg: 47,
  chdir: 80,
  fchdir: 81,
  chroot: 161,
  mkdir: 83,
  mkdirat: 258,
  rmdir: 84,
  unlink: 87,
  unlinkat: 263,
  link: 86,
  linkat: 265,
  symlink: 88,
  symlinkat: 266,
  rename: 82,
  renameat: 264,
  renameat2: 316,
  chmod: 90,
  fchmod: 91,
  fchmodat: 268,
  chown: 92,
  fchown: 93,
  fchownat: 260,
  dup: 32,
  dup2: 33,
  dup3: 292,
  ptrace: 101,
  mount: 165,
  umount2: 166,
  setns: 308,
  unshare: 272,
  setuid: 105,
  setgid: 106,
  setresuid: 117,
  setresgid: 119,
  setsid: 112,
  bpf: 321,
  init_module: 175,
  finit_module: 313,
  userfaultfd: 323,
  memfd_create: 319,
  execve: 59,
  execveat: 322,
  kill: 62,
  tkill: 200,
  tgkill: 234,
  setpgid: 109,
};

/** Something that the programs copy out of memory, in the order of the slots of a record. */
export type Capture =
  | { readonly kind: 'text'; readonly argument: number }
  /** The directory below which the text before stands, where it is relative; -1: the current one. */
  | { readonly kind: 'base'; readonly argument: number }
  | { readonly kind: 'data'; readonly argument: number }
  /** `length`: the argument that tells it; undefined where the call tells it elsewhere. */
  | { readonly kind: 'address'; readonly argument: number; readonly length: number | undefined }
  | { readonly kind: 'message'; readonly argument: number; readonly part: 'data' | 'address' }
  | { readonly kind: 'words'; readonly argument: number; readonly bytes: number }
  | { readonly kind: 'descriptor'; readonly argument: number | 'ret' };

/** Where one parameter comes from. */
export type Source =
  | { readonly kind: 'result' | 'tuple' | 'dev' | 'ino' | 'address' | 'none' }
  | { readonly kind: 'i' | 'u' | 'l'; readonly argument: number }
  | { readonly kind: 'text' | 'data'; readonly slot: number }
  | { readonly kind: 'path'; readonly slot: number; readonly base: number }
  | { readonly kind: 'word'; readonly slot: number; readonly index: number };

/** A call as programs copy it and records are read. */
export interface Call {
  readonly captures: readonly Capture[];
  readonly sources: readonly Source[];
  /** Slot of the descriptor that the kernel looked at, or undefined. */
  readonly descriptor: number | undefined;
  /** Slot of the address that the call named, or undefined. */
  readonly address: number | undefined;
  /** Which arguments are copied. */
  readonly arguments: readonly number[];
}

/** Returns how a call is copied and read; undefined for those that the sensor does not give. */
export function callOf(name: string): Call | undefined {
  const text = calls[name];
  if (text === undefined) return undefined;
  const [parameters = '', behind = ''] = text.split(' ; ');
  const [looked, named] = behind === '' ? [] : behind.split(' ');
  const captures: Capture[] = [];
  let address: number | undefined;
  const used = new Set<number>();
  const words = new Map<number, number>();
  const capture = (one: Capture): number => captures.push(one) - 1;
  const sourceOf = (sign: string): Source => {
    if (sign === 'ret') return { kind: 'result' };
    if (sign === '-') return { kind: 'none' };
    if (sign === 'tuple' || sign === 'dev' || sign === 'ino') return { kind: sign };
    const [first, second] = sign.slice(1).split(/[@,:]/).map(Number) as [number, number | undefined];
    used.add(first);
    switch (sign[0]) {
      case 'p': {
        if (second !== undefined) used.add(second);
        const slot = capture({ kind: 'text', argument: first });
        return { kind: 'path', slot, base: capture({ kind: 'base', argument: second ?? -1 }) };
      }
      case 's':
        return { kind: 'text', slot: capture({ kind: 'text', argument: first }) };
      case 'd':
        return { kind: 'data', slot: capture({ kind: 'data', argument: first }) };
      case 'a':
        if (second !== undefined) used.add(second);
        address = capture({ kind: 'address', argument: first, length: second });
        return { kind: 'address' };
      case 'n':
        address = capture({ kind: 'message', argument: first, part: 'address' });
        return { kind: 'address' };
      case 'v':
        return { kind: 'data', slot: capture({ kind: 'message', argument: first, part: 'data' }) };
      case 'w': {
        const slot = words.get(first) ?? capture({ kind: 'words', argument: first, bytes: 24 });
        words.set(first, slot);
        return { kind: 'word', slot, index: second as number };
      }
      default:
        return { kind: sign[0] as 'i' | 'u' | 'l', argument: first };
    }
  };
  const sources = parameters.split(' ').map(sourceOf);
  if (named !== undefined) sourceOf(named);
  if (looked !== undefined && looked !== 'ret') used.add(Number(looked));
  const descriptor =
    looked === undefined
      ? undefined
      : capture({ kind: 'descriptor', argument: looked === 'ret' ? 'ret' : Number(looked) });
  return { captures, sources, descriptor, address, arguments: [...used].sort((a, b) => a - b) };
}
