import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canDecode } from './decode.ts';
import {
  type EventFormat,
  isKnownRecordHeader,
  type PageFormat,
  parseEventFormat,
  parsePageFormat,
} from './format.ts';
import { littleEndian } from './ring-buffer.ts';

/** A trace event that the sensor uses. */
export interface EventChoice {
  readonly system: string;
  readonly name: string;
  /** Conditions for the kernel to apply; one whose field the running kernel lacks is left out. */
  readonly filter: readonly { readonly field: string; readonly condition: string }[];
  /** What is not seen without it; absent for the one event that nothing works without. */
  readonly without?: string;
}

const tcpOnly = { field: 'protocol', condition: 'protocol == 6' };

/** What the sensor of connections uses. */
const connectionChoices: readonly EventChoice[] = [
  { system: 'sock', name: 'inet_sock_set_state', filter: [tcpOnly] },
  {
    system: 'tcp',
    name: 'tcp_send_reset',
    filter: [],
    without: 'refusals by this machine (RST sent) are not seen',
  },
  {
    system: 'tcp',
    name: 'tcp_receive_reset',
    filter: [],
    without: 'a refused connection cannot be told from one that was given up',
  },
  {
    system: 'sock',
    name: 'inet_sk_error_report',
    // The kernel also reports the absence of an error.
    filter: [tcpOnly, { field: 'error', condition: 'error != 0' }],
    without: 'connection errors (unreachable, timed out) are not told apart',
  },
  {
    system: 'sched',
    name: 'sched_process_fork',
    filter: [],
    without: 'new processes are only seen when they open something',
  },
  {
    system: 'sched',
    name: 'sched_process_exec',
    filter: [],
    without: 'names of short-lived programs may be missing',
  },
  {
    system: 'sched',
    name: 'sched_process_exit',
    filter: [],
    without: 'a process number that is given away again may name the wrong program',
  },
];

/** A chosen event as the running kernel has it. */
export interface AvailableEvent {
  readonly choice: EventChoice;
  readonly format: EventFormat;
}

/** What the running kernel offers. */
export interface KernelLayout {
  readonly page: PageFormat;
  readonly events: readonly AvailableEvent[];
  /** What is not seen on this kernel, one sentence each. */
  readonly limits: readonly string[];
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Returns the layouts of the running kernel's trace events under the tracefs at `root`: of those chosen, if they are laid out as
 * `canRead` asks. Throws an Error that says what is missing when the sensor cannot work with them.
 */
export function readLayout(
  root: string,
  choices: readonly EventChoice[] = connectionChoices,
  canRead: (format: EventFormat) => boolean = canDecode,
): KernelLayout {
  if (!littleEndian) throw new Error('the tracefs sensor reads little-endian memory only');
  const page = parsePageFormat(readOptional(join(root, 'events/header_page')) ?? '');
  if (!page || !isKnownRecordHeader(readOptional(join(root, 'events/header_event')) ?? '')) {
    throw new Error('the layout of this kernel’s trace ring buffer is not known to this version');
  }
  const events: AvailableEvent[] = [];
  const limits: string[] = [];
  for (const choice of choices) {
    const name = `${choice.system}:${choice.name}`;
    const format = parseEventFormat(
      readOptional(join(root, 'events', choice.system, choice.name, 'format')) ?? '',
    );
    if (format && canRead(format)) {
      events.push({ choice, format });
      limits.push(...limitsOf(format));
    } else if (choice.without === undefined) {
      throw new Error(
        `this kernel has no usable trace event ${name} (Linux 4.16 or newer with CONFIG_FTRACE has it)`,
      );
    } else {
      limits.push(`no trace event ${name}: ${choice.without}`);
    }
  }
  return { page, events, limits };
}

/** What an event of an older layout does not tell. */
function limitsOf({ name, fields }: EventFormat): string[] {
  if (name === 'tcp_send_reset' && !fields.has('reason')) {
    return [
      'this kernel reports a sent RST only for packets of a socket (Linux 6.10 or newer: for all): scans of closed ports by bare SYN packets are not seen',
    ];
  }
  if (name === 'sched_process_exit' && !fields.has('group_dead')) {
    return ['this kernel does not tell the end of a process from the end of one of its threads'];
  }
  return [];
}
