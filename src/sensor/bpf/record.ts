/** How a record of the ring buffer is laid out: a head of fixed size, then what was copied, slot by slot. Offsets in bytes. */
export const record = {
  /** Nanoseconds of the monotonic clock, u64. */
  time: 0,
  tid: 8,
  pid: 12,
  /** Number of the event type, u16. */
  type: 16,
  cpu: 18,
  /** i64. */
  result: 32,
  /** Six arguments, u64. */
  arguments: 40,
  /** Eight lengths of the slots, u16. */
  lengths: 88,
  slots: 8,
  data: 104,
} as const;

/** A descriptor as the kernel has it (slot of kind `descriptor`); its path, leaf first, or the path of a Unix socket follows. */
export const descriptorRecord = {
  mode: 0,
  family: 2,
  socketType: 4,
  protocol: 6,
  state: 8,
  localPort: 10,
  /** In network order. */
  remotePort: 12,
  device: 16,
  /** `f_mode` of the open file. */
  fileMode: 20,
  inode: 24,
  local4: 32,
  remote4: 36,
  local6: 40,
  remote6: 56,
  /** Addresses of both sockets of a Unix connection. */
  own: 72,
  peer: 80,
  size: 88,
} as const;

/** A start of a program (first slot of `execve`). */
export const execRecord = {
  parent: 0,
  group: 4,
  session: 8,
  namespacePid: 12,
  namespaceTid: 16,
  namespaceGroup: 20,
  tty: 24,
  loginUid: 28,
  inheritable: 32,
  permitted: 40,
  effective: 48,
  inode: 56,
  changedSeconds: 64,
  modifiedSeconds: 72,
  changedNanoseconds: 80,
  modifiedNanoseconds: 84,
  uid: 88,
  gid: 92,
  mode: 96,
  owner: 100,
  /** Of the file system on which the program lies. */
  magic: 104,
  /** Whether it lies in the upper layer of an overlay: a pointer, 0 where not. */
  upper: 112,
  started: 120,
  comm: 128,
  ownerGroup: 144,
  /** First bytes of the name of the program's file. */
  fileName: 152,
  fileNameEnd: 184,
  size: 184,
} as const;

/** Slots of a start of a program. */
export const execSlot = {
  process: 0,
  arguments: 1,
  environment: 2,
  program: 3,
  directory: 4,
  cgroup: 5,
  fileName: 6,
} as const;

/** A new thread or process (first slot of `clone`). */
export const forkRecord = {
  parent: 0,
  namespacePid: 4,
  namespaceTid: 8,
  /** Whether it shares the descriptors of the one that started it: both pointers. */
  files: 16,
  parentFiles: 24,
  started: 32,
  comm: 40,
  size: 56,
} as const;
