import { KernelRecord, TcpState } from '../../flow/kernel-batch.ts';
import type { BatchBuilder, Columns } from './batch-builder.ts';
import { endsWriter } from './endpoints.ts';
import type { EventFormat } from './format.ts';
import { readText, readUint } from './record-fields.ts';
import type { PageReader } from './ring-buffer.ts';

/** What the decoder tells of tasks besides the columns. Times are milliseconds of the trace clock. */
export interface TaskListener {
  /** A task begins to connect or to listen, in its own context. */
  opened(tid: number, time: number): void;
  forked(child: number, comm: string): void;
  executed(tid: number, previousTid: number, filename: string, time: number): void;
  exited(tid: number): void;
}

/** Fills row `row` from the record of `length` bytes at `at`, which is not shorter than the event's layout. */
type FillRow = (columns: Columns, row: number, bytes: Uint8Array, at: number, length: number) => void;

/** common_flags: made in interrupt context, hard, soft or non-maskable (include/linux/trace_events.h, trace_flag_type). */
const interruptFlags = 0x08 | 0x10 | 0x40;

/** Every record begins so: u16 type, u8 flags, u8 preempt count, s32 pid. */
const commonHeader = 8;

/** Turns trace records into rows of kernel batches, by the event layouts of the running kernel. */
export class RecordDecoder {
  readonly #builder: BatchBuilder;
  readonly #tasks: TaskListener;
  readonly #fill: (FillRow | undefined)[] = [];
  readonly #minimum: number[] = [];
  /** Records of unknown events, or shorter than their layout. */
  undecodable = 0;

  /** Events whose layout lacks what is needed are left out: {@link canDecode} tells. */
  constructor(formats: readonly EventFormat[], builder: BatchBuilder, tasks: TaskListener) {
    this.#builder = builder;
    this.#tasks = tasks;
    for (const format of formats) {
      const fill = fillerOf(format, tasks);
      if (!fill) continue;
      let minimum = commonHeader;
      for (const field of format.fields.values()) minimum = Math.max(minimum, field.offset + field.size);
      this.#fill[format.id] = fill;
      this.#minimum[format.id] = minimum;
    }
  }

  /** Appends the page's present record to the batch; the caller has seen to it that the batch is not full. */
  decode(page: PageReader): void {
    const { bytes, dataOffset: at, dataLength: length } = page;
    const id = length >= commonHeader ? bytes[at]! | (bytes[at + 1]! << 8) : -1;
    const fill = this.#fill[id];
    if (fill === undefined || length < this.#minimum[id]!) {
      this.undecodable++;
      return;
    }
    const row = this.#builder.add();
    const columns = this.#builder.columns;
    columns.time[row] = page.time;
    // In an interrupt the current task is whichever was disturbed: it has nothing to do with the socket.
    if ((bytes[at + 2]! & interruptFlags) === 0) columns.pid[row] = page.words[(at + 4) >> 2]!;
    fill(columns, row, bytes, at, length);
    if (columns.kind[row] === KernelRecord.SocketState && columns.pid[row] !== 0) {
      const state = columns.newState[row];
      if (state === TcpState.SynSent || state === TcpState.Listen) {
        this.#tasks.opened(columns.pid[row]!, page.time);
      }
    }
  }
}

/** Returns whether the event is one that this decoder knows, in a layout that it can read. */
export function canDecode(format: EventFormat): boolean {
  return fillerOf(format, { opened() {}, forked() {}, executed() {}, exited() {} }) !== undefined;
}

function fillerOf(format: EventFormat, tasks: TaskListener): FillRow | undefined {
  const { fields } = format;
  if (fields.get('common_flags')?.offset !== 2 || fields.get('common_pid')?.offset !== 4) return undefined;
  if (format.name.startsWith('sched_')) return taskFiller(format, tasks);
  const ends = endsWriter(fields);
  if (!ends) return undefined;
  const skaddr = fields.get('skaddr');
  const detail = fields.get('reason') ?? fields.get('error');
  const kind = {
    inet_sock_set_state: KernelRecord.SocketState,
    tcp_send_reset: KernelRecord.ResetSent,
    tcp_receive_reset: KernelRecord.ResetReceived,
    inet_sk_error_report: KernelRecord.SocketError,
  }[format.name];
  if (kind === undefined) return undefined;
  const oldState = fields.get('oldstate');
  const newState = fields.get('newstate');
  if (kind === KernelRecord.SocketState && !(oldState && newState)) return undefined;
  return (columns, row, bytes, at) => {
    columns.kind[row] = kind;
    if (skaddr) {
      columns.socket[row * 2 + 1] = readUint(bytes, at, skaddr);
      if (skaddr.size === 8) {
        columns.socket[row * 2] = readUint(bytes, at + 4, skaddr);
      }
    }
    columns.oldState[row] = readUint(bytes, at, oldState);
    columns.newState[row] = readUint(bytes, at, newState);
    columns.detail[row] = readUint(bytes, at, detail);
    ends(columns, row, bytes, at);
  };
}

function taskFiller({ name, fields }: EventFormat, tasks: TaskListener): FillRow | undefined {
  const parent = fields.get('parent_pid');
  const child = fields.get('child_pid');
  if (name === 'sched_process_fork' && parent && child) {
    const comm = fields.get('child_comm');
    return (columns, row, bytes, at, length) => {
      columns.kind[row] = KernelRecord.Fork;
      columns.pid[row] = readUint(bytes, at, parent);
      const tid = readUint(bytes, at, child);
      columns.detail[row] = tid;
      tasks.forked(tid, readText(bytes, at, length, comm));
    };
  }
  const pid = fields.get('pid');
  const previous = fields.get('old_pid');
  if (name === 'sched_process_exec' && pid && previous) {
    const filename = fields.get('filename');
    return (columns, row, bytes, at, length) => {
      columns.kind[row] = KernelRecord.Exec;
      const tid = readUint(bytes, at, pid);
      const previousTid = readUint(bytes, at, previous);
      columns.pid[row] = tid;
      columns.detail[row] = previousTid;
      tasks.executed(tid, previousTid, readText(bytes, at, length, filename), columns.time[row]!);
    };
  }
  if (name === 'sched_process_exit' && pid) {
    const groupDead = fields.get('group_dead');
    return (columns, row, bytes, at) => {
      columns.kind[row] = KernelRecord.Exit;
      const tid = readUint(bytes, at, pid);
      columns.pid[row] = tid;
      columns.detail[row] = readUint(bytes, at, groupDead);
      tasks.exited(tid);
    };
  }
  return undefined;
}
