import type { ParameterKind } from '../event-types.ts';

/** Names of bits, from the lowest on; a pair names a value of several bits. */
type FlagNames = readonly (readonly [bits: number, name: string])[];

function bits(names: string, from = 0): FlagNames {
  return names.split(' ').map((name, index) => [2 ** (index + from), name] as const);
}

/** How opening flags are numbered in events: not as the kernel does. */
const open: FlagNames = [
  [3, 'O_RDWR'],
  [1, 'O_RDONLY'],
  [2, 'O_WRONLY'],
  ...bits(
    'O_CREAT O_APPEND O_DSYNC O_EXCL O_NONBLOCK O_SYNC O_TRUNC O_DIRECT O_DIRECTORY O_LARGEFILE O_CLOEXEC O_TMPFILE O_F_CREATED FD_UPPER_LAYER FD_LOWER_LAYER',
    2,
  ),
];

const clone: FlagNames = bits(
  'CLONE_FILES CLONE_FS CLONE_IO CLONE_NEWIPC CLONE_NEWNET CLONE_NEWNS CLONE_NEWPID CLONE_NEWUTS CLONE_PARENT CLONE_PARENT_SETTID CLONE_PTRACE CLONE_SIGHAND CLONE_SYSVSEM CLONE_THREAD CLONE_UNTRACED CLONE_VM CLONE_INVERTED NAME_CHANGED CLOSED ACTIVE CLONE_NEWUSER PIPE_SRC PIPE_DST CLONE_CHILD_CLEARTID CLONE_CHILD_SETTID CLONE_SETTLS CLONE_STOPPED CLONE_VFORK CLONE_NEWCGROUP',
);

const mode: FlagNames = bits(
  'S_IXOTH S_IWOTH S_IROTH S_IXGRP S_IWGRP S_IRGRP S_IXUSR S_IWUSR S_IRUSR S_ISVTX S_ISGID S_ISUID',
);

const access: FlagNames = bits('X_OK W_OK R_OK');
const at: FlagNames = [
  [0x100, 'AT_SYMLINK_NOFOLLOW'],
  [0x200, 'AT_REMOVEDIR'],
  [0x400, 'AT_SYMLINK_FOLLOW'],
  [0x800, 'AT_NO_AUTOMOUNT'],
  [0x1000, 'AT_EMPTY_PATH'],
];
const unlink: FlagNames = [
  [1, 'AT_REMOVEDIR'],
  [0x200, 'AT_REMOVEDIR'],
];

const domains: ReadonlyMap<number, string> = new Map(
  'AF_UNSPEC AF_LOCAL|AF_UNIX AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_NETROM AF_BRIDGE AF_ATMPVC AF_X25 AF_INET6 AF_ROSE AF_DECnet AF_NETBEUI AF_SECURITY AF_KEY AF_ROUTE|AF_NETLINK AF_PACKET AF_ASH AF_ECONET AF_ATMSVC AF_RDS AF_SNA AF_IRDA AF_PPPOX AF_WANPIPE AF_LLC AF_IB AF_MPLS AF_CAN AF_TIPC AF_BLUETOOTH AF_IUCV AF_RXRPC AF_ISDN AF_PHONET AF_IEEE802154 AF_CAIF AF_ALG AF_NFC AF_VSOCK AF_KCM AF_QIPCRTR AF_SMC AF_XDP'
    .split(' ')
    .map((name, number) => [number, name.split('|').at(0) as string] as const),
);

/** Requests of ptrace as events number them. */
const ptrace: ReadonlyMap<number, string> = new Map(
  'PTRACE_UNKNOWN PTRACE_TRACEME PTRACE_PEEKTEXT PTRACE_PEEKDATA PTRACE_PEEKUSR PTRACE_POKETEXT PTRACE_POKEDATA PTRACE_POKEUSR PTRACE_CONT PTRACE_KILL PTRACE_SINGLESTEP PTRACE_ATTACH PTRACE_DETACH PTRACE_SYSCALL PTRACE_SETOPTIONS PTRACE_GETEVENTMSG PTRACE_GETSIGINFO PTRACE_SETSIGINFO PTRACE_GETREGSET PTRACE_SETREGSET PTRACE_SEIZE PTRACE_INTERRUPT PTRACE_LISTEN'
    .split(' ')
    .map((name, number) => [number, name] as const),
);

const bpf: ReadonlyMap<number, string> = new Map(
  'BPF_MAP_CREATE BPF_MAP_LOOKUP_ELEM BPF_MAP_UPDATE_ELEM BPF_MAP_DELETE_ELEM BPF_MAP_GET_NEXT_KEY BPF_PROG_LOAD BPF_OBJ_PIN BPF_OBJ_GET BPF_PROG_ATTACH BPF_PROG_DETACH BPF_PROG_TEST_RUN BPF_PROG_GET_NEXT_ID BPF_MAP_GET_NEXT_ID BPF_PROG_GET_FD_BY_ID BPF_MAP_GET_FD_BY_ID BPF_OBJ_GET_INFO_BY_FD BPF_PROG_QUERY BPF_RAW_TRACEPOINT_OPEN BPF_BTF_LOAD BPF_BTF_GET_FD_BY_ID BPF_TASK_FD_QUERY'
    .split(' ')
    .map((name, number) => [number, name] as const),
);

const byKind: Partial<Record<ParameterKind, FlagNames | ReadonlyMap<number, string>>> = {
  'open flags': open,
  'clone flags': clone,
  'file mode': mode,
  'at flags': at,
  'unlink flags': unlink,
  'access mode': access,
  'socket domain': domains,
  'ptrace request': ptrace,
  'bpf command': bpf,
};

/** What was asked before: few values are ever seen, but who makes calls chooses them. */
const known = new Map<FlagNames, Map<number, string>>();
const mostKnown = 1024;

/** Returns the names of what is set in a parameter, joined by `|`; undefined for kinds without names. */
export function flagNames(kind: ParameterKind | undefined, value: number): string | undefined {
  const names = kind && byKind[kind];
  if (names === undefined) return undefined;
  if (names instanceof Map) return names.get(value) ?? '';
  let texts = known.get(names as FlagNames);
  if (texts === undefined || texts.size >= mostKnown) {
    texts = new Map();
    known.set(names as FlagNames, texts);
  }
  let text = texts.get(value);
  if (text === undefined) {
    text = namesOf(names as FlagNames, value);
    texts.set(value, text);
  }
  return text;
}

function namesOf(names: FlagNames, value: number): string {
  let rest = value;
  const found: string[] = [];
  for (const [bit, name] of names) {
    if (rest > 0 && (rest & bit) === bit) {
      found.push(name);
      rest &= ~bit;
    }
  }
  return found.join('|');
}

/** Returns the value whose bits have these names, joined by `|`; undefined when the kind has no such names. Numbers are taken too. */
export function flagBits(kind: ParameterKind, text: string): number | undefined {
  if (/^-?\d+$/.test(text)) return Number(text);
  const names = byKind[kind];
  if (names === undefined) return undefined;
  const entries = names instanceof Map ? [...names] : [...(names as FlagNames)];
  let value = 0;
  for (const name of text.split('|')) {
    const found = entries.find(([, known]) => known === name.trim());
    if (found === undefined) return undefined;
    value |= found[0];
  }
  return value;
}
