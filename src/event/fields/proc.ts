import { baseName } from '../path.ts';
import type { Thread } from '../state/thread.ts';
import type { SystemEvent } from '../system-event.ts';
import { field, fieldWith, type SystemField } from './define.ts';

type OfThread = (thread: Thread) => string | number | undefined;

/** The process that a thread belongs to. */
function mainOf({ thread, processes }: SystemEvent): Thread {
  return thread.isLeader ? thread : (processes.thread(thread.pid) ?? thread);
}

function parentOf(event: SystemEvent): Thread | undefined {
  return event.processes.parentOf(mainOf(event));
}

/** The n-th ancestor; 0 is the process itself. */
function ancestor(event: SystemEvent, depth: number): Thread | undefined {
  let current: Thread | undefined = mainOf(event);
  for (let left = depth; left > 0 && current !== undefined; left--)
    current = event.processes.parentOf(current);
  return current;
}

const text = (value: string | undefined) => (value === '' ? undefined : value);
const name: OfThread = ({ comm }) => text(comm);
const exe: OfThread = ({ exe: own }) => text(own);
const exepath: OfThread = (thread) => thread.exepath;
const commandLine: OfThread = (thread) => text(thread.commandLine);
const args: OfThread = (thread) => thread.argumentLine;

/** A field of any ancestor, or of the one that the argument counts. */
function ofAncestors(field: string, type: 'string' | 'integer', doc: string, get: OfThread): SystemField {
  return fieldWith(
    field,
    type,
    doc,
    { required: false, kind: 'index' },
    (argument) => {
      if (argument !== undefined) {
        const depth = Number(argument);
        return (event) => {
          const found = ancestor(event, depth);
          return found && get(found);
        };
      }
      return (event) => {
        const values = [...event.processes.ancestors(mainOf(event))]
          .map(get)
          .filter((value) => value !== undefined);
        return values.length === 0 ? undefined : values;
      };
    },
    { values: 'any', onRight: false },
  );
}

function environment(
  field: string,
  doc: string,
  threadOf: (event: SystemEvent) => Thread | undefined,
): SystemField {
  return fieldWith(field, 'string', doc, { required: false, kind: 'key' }, (argument) => (event) => {
    const env = threadOf(event)?.env;
    if (env === undefined) return undefined;
    if (argument === undefined) return env.join(' ');
    return env.find((one) => one.startsWith(`${argument}=`))?.slice(argument.length + 1);
  });
}

/** The leader of a session or group, by an id that is a thread's. */
function leader(event: SystemEvent, id: number | undefined): Thread | undefined {
  return id === undefined ? undefined : event.processes.thread(id);
}

const bit = (position: number) => (event: SystemEvent) => {
  const { exeFlags } = mainOf(event);
  return exeFlags === undefined ? undefined : (exeFlags & (1 << position)) !== 0;
};

function seconds(event: SystemEvent, thread: Thread | undefined): bigint | undefined {
  return thread?.startTime === undefined ? undefined : event.raw.time - thread.startTime;
}

const capabilities =
  'CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_PACCT CAP_SYS_ADMIN CAP_SYS_BOOT CAP_SYS_NICE CAP_SYS_RESOURCE CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE CAP_AUDIT_WRITE CAP_AUDIT_CONTROL CAP_SETFCAP CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG CAP_WAKE_ALARM CAP_BLOCK_SUSPEND CAP_AUDIT_READ CAP_PERFMON CAP_BPF CAP_CHECKPOINT_RESTORE'.split(
    ' ',
  );

function capabilityNames(set: number | undefined): string | undefined {
  if (set === undefined) return undefined;
  return capabilities.filter((_, index) => Math.floor(set / 2 ** index) % 2 === 1).join(' ');
}

/** Directories are shown with a slash at their end. */
function cwdText({ cwd }: Thread): string | undefined {
  return cwd === '' ? undefined : cwd.endsWith('/') ? cwd : `${cwd}/`;
}

/** Fields of the process and thread. */
export const procFields: readonly SystemField[] = [
  field('proc.pid', 'integer', 'Number of the process.', ({ thread }) => thread.pid),
  field(
    'proc.ppid',
    'integer',
    'Number of the parent.',
    (event) => parentOf(event)?.pid ?? mainOf(event).ptid,
  ),
  field('proc.name', 'string', 'Name of the program, at most 15 bytes.', (event) => name(event.thread)),
  field('proc.pname', 'string', 'Name of the parent.', (event) => {
    const parent = parentOf(event);
    return parent && name(parent);
  }),
  ofAncestors('proc.aname', 'string', 'Name of any ancestor, or of the n-th.', name),
  field('proc.exe', 'string', 'First word of the command line.', (event) => exe(event.thread)),
  field('proc.pexe', 'string', 'First word of the command line of the parent.', (event) => {
    const parent = parentOf(event);
    return parent && exe(parent);
  }),
  ofAncestors('proc.aexe', 'string', 'First word of the command line of an ancestor.', exe),
  field('proc.exepath', 'string', 'Path of the program.', (event) => exepath(event.thread)),
  field('proc.pexepath', 'string', 'Path of the program of the parent.', (event) => parentOf(event)?.exepath),
  ofAncestors('proc.aexepath', 'string', 'Path of the program of an ancestor.', exepath),
  field('proc.args', 'string', 'The arguments, without the program.', (event) => args(event.thread)),
  field('proc.cmdline', 'string', 'Name and arguments.', (event) => commandLine(event.thread)),
  field('proc.pcmdline', 'string', 'Name and arguments of the parent.', (event) => {
    const parent = parentOf(event);
    return parent && commandLine(parent);
  }),
  ofAncestors('proc.acmdline', 'string', 'Name and arguments of an ancestor.', commandLine),
  field('proc.exeline', 'string', 'First word of the command line, and arguments.', ({ thread }) =>
    [thread.exe, ...thread.args].join(' '),
  ),
  field('proc.cmdnargs', 'integer', 'How many arguments.', ({ thread }) => thread.args.length),
  field('proc.cmdlenargs', 'integer', 'Length of all arguments.', ({ thread }) =>
    thread.args.reduce((sum, one) => sum + one.length, 0),
  ),
  environment('proc.env', 'The environment, or one variable of it.', (event) => event.thread),
  environment('proc.penv', 'The environment of the parent, or one variable of it.', parentOf),
  field('proc.cwd', 'string', 'Current directory.', (event) => cwdText(event.thread)),
  field(
    'proc.tty',
    'integer',
    'Number of the terminal, 0 where there is none.',
    (event) => mainOf(event).tty,
  ),
  field('proc.sid', 'integer', 'Number of the session.', (event) => mainOf(event).sid),
  field(
    'proc.sname',
    'string',
    'Name of the leader of the session.',
    (event) => leader(event, mainOf(event).sid)?.comm,
  ),
  field(
    'proc.sid.exe',
    'string',
    'First word of the command line of the leader of the session.',
    (event) => leader(event, mainOf(event).sid)?.exe,
  ),
  field(
    'proc.sid.exepath',
    'string',
    'Path of the program of the leader of the session.',
    (event) => leader(event, mainOf(event).sid)?.exepath,
  ),
  field(
    'proc.vpgid',
    'integer',
    'Number of the process group, as the process sees it.',
    (event) => mainOf(event).vpgid,
  ),
  field(
    'proc.vpgid.name',
    'string',
    'Name of the leader of the process group.',
    (event) => leader(event, mainOf(event).vpgid)?.comm,
  ),
  field(
    'proc.vpgid.exe',
    'string',
    'First word of the command line of the leader of the process group.',
    (event) => leader(event, mainOf(event).vpgid)?.exe,
  ),
  field(
    'proc.vpgid.exepath',
    'string',
    'Path of the program of the leader of the process group.',
    (event) => leader(event, mainOf(event).vpgid)?.exepath,
  ),
  field('proc.pgid', 'integer', 'Number of the process group.', (event) => mainOf(event).pgid),
  field(
    'proc.vpid',
    'integer',
    'Number of the process, as the process sees it.',
    (event) => mainOf(event).vpid,
  ),
  field(
    'proc.pvpid',
    'integer',
    'Number of the parent, as the parent sees it.',
    (event) => parentOf(event)?.vpid,
  ),
  field('proc.loginshellid', 'integer', 'Number of the oldest shell among the ancestors.', (event) => {
    const shells = [...event.processes.ancestors(mainOf(event))].filter(({ comm }) =>
      /^(?:ba|da|z|k|c|tc|fi)?sh$/.test(comm),
    );
    return shells.at(-1)?.pid;
  }),
  ofAncestors('proc.apid', 'integer', 'Number of an ancestor.', ({ pid }) => pid),
  field('proc.nchilds', 'integer', 'Threads beside the main one: not counted.', () => undefined, {
    deprecated: 'it is not kept',
  }),
  field('proc.is_vpgid_leader', 'boolean', 'Whether the process leads its group.', (event) => {
    const { vpid, vpgid } = mainOf(event);
    return vpid === undefined || vpgid === undefined ? undefined : vpid === vpgid;
  }),
  field('proc.is_sid_leader', 'boolean', 'Whether the process leads its session.', (event) => {
    const { vpid, sid } = mainOf(event);
    return vpid === undefined || sid === undefined ? undefined : vpid === sid;
  }),
  field('proc.duration', 'duration', 'Since the process was started, in nanoseconds.', (event) =>
    seconds(event, mainOf(event)),
  ),
  field('proc.ppid.duration', 'duration', 'Since the parent was started, in nanoseconds.', (event) =>
    seconds(event, parentOf(event)),
  ),
  field('proc.pid.ts', 'time', 'When the process was started.', (event) => mainOf(event).startTime),
  field('proc.ppid.ts', 'time', 'When the parent was started.', (event) => parentOf(event)?.startTime),
  field('proc.is_exe_writable', 'boolean', 'Whether the program may be written by who started it.', bit(0)),
  field(
    'proc.is_exe_upper_layer',
    'boolean',
    'Whether the program lies in the writable layer of an overlay.',
    bit(1),
  ),
  field('proc.is_exe_from_memfd', 'boolean', 'Whether the program lies in memory alone.', bit(2)),
  field(
    'proc.is_exe_lower_layer',
    'boolean',
    'Whether the program lies in a read-only layer of an overlay.',
    bit(3),
  ),
  field('proc.exe_ino', 'integer', 'Inode of the program.', (event) => mainOf(event).exeInode),
  field(
    'proc.exe_ino.ctime',
    'time',
    'When the inode of the program was last changed.',
    (event) => mainOf(event).exeChanged,
  ),
  field(
    'proc.exe_ino.mtime',
    'time',
    'When the program was last written.',
    (event) => mainOf(event).exeModified,
  ),
  field(
    'proc.exe_ino.ctime_duration_proc_start',
    'duration',
    'From the change of the inode to the start.',
    (event) => {
      const { exeChanged, startTime } = mainOf(event);
      return exeChanged === undefined || startTime === undefined ? undefined : startTime - exeChanged;
    },
  ),
  field('thread.tid', 'integer', 'Number of the thread.', ({ thread }) => thread.tid),
  field(
    'thread.vtid',
    'integer',
    'Number of the thread, as the process sees it.',
    ({ thread }) => thread.vtid,
  ),
  field('thread.ismain', 'boolean', 'Whether it is the main thread.', ({ thread }) => thread.isLeader),
  fieldWith(
    'thread.cgroup',
    'string',
    'Path of a control group, by its controller.',
    { required: true, kind: 'key' },
    (argument) =>
      ({ thread }) =>
        thread.cgroups.find((one) => one.startsWith(`${argument}=`))?.slice((argument as string).length + 1),
  ),
  field('thread.cgroups', 'string', 'All control groups.', ({ thread }) => text(thread.cgroups.join(' '))),
  field('thread.cap_permitted', 'string', 'Permitted capabilities by name.', ({ thread }) =>
    capabilityNames(thread.capabilities.permitted),
  ),
  field('thread.cap_effective', 'string', 'Effective capabilities by name.', ({ thread }) =>
    capabilityNames(thread.capabilities.effective),
  ),
  field('thread.cap_inheritable', 'string', 'Inheritable capabilities by name.', ({ thread }) =>
    capabilityNames(thread.capabilities.inheritable),
  ),
  field(
    'proc.stdin.name',
    'string',
    'Name of descriptor 0.',
    ({ thread }) => thread.descriptors.get(0)?.name,
  ),
  field(
    'proc.stdout.name',
    'string',
    'Name of descriptor 1.',
    ({ thread }) => thread.descriptors.get(1)?.name,
  ),
  field(
    'proc.stderr.name',
    'string',
    'Name of descriptor 2.',
    ({ thread }) => thread.descriptors.get(2)?.name,
  ),
  field(
    'proc.fdopencount',
    'integer',
    'How many descriptors are open.',
    ({ thread }) => thread.descriptors.size,
  ),
  field('proc.exe.basename', 'string', 'Last part of the program’s path.', ({ thread }) =>
    thread.exepath === undefined ? undefined : baseName(thread.exepath),
  ),
];
