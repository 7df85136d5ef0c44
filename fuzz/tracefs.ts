import { parseArgs } from 'node:util';
import { eventTypes } from '../src/event/event-types.ts';
import type { ThreadRecord } from '../src/event/raw-event.ts';
import { parseProcNetSockets } from '../src/flow/proc-net-sockets.ts';
import { BatchBuilder } from '../src/sensor/tracefs/batch-builder.ts';
import { canDecode, RecordDecoder } from '../src/sensor/tracefs/decode.ts';
import { type CpuBuffer, Drain } from '../src/sensor/tracefs/drain.ts';
import { canDecodeEvent, EventRecordDecoder } from '../src/sensor/tracefs/event-records.ts';
import {
  type EventFormat,
  isKnownRecordHeader,
  parseEventFormat,
  parsePageFormat,
  symbolsOf,
} from '../src/sensor/tracefs/format.ts';
import {
  common,
  formatText,
  layout,
  PageWriter,
  page64,
  recordOf,
} from '../src/sensor/tracefs/page.fixture.ts';
import { cgroupPath, commandLine } from '../src/sensor/tracefs/procfs.ts';
import { PageReader } from '../src/sensor/tracefs/ring-buffer.ts';
import { TaskTable } from '../src/sensor/tracefs/tasks.ts';
import { limited } from './support/limited.ts';

// Feeds random and mutated ring-buffer pages, format files and /proc texts to their parsers. Each must come to an end
// quickly, throw nothing, and read no byte outside the page.
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() >>> 0) },
  },
});
let state = Number(values.seed) >>> 0 || 1;

/** xorshift32: an integer below `below`. */
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state % below;
}

const socketFields: readonly [string, number][] = [
  ['const void * skaddr', 8],
  ['int oldstate', 4],
  ['int newstate', 4],
  ['__u16 sport', 2],
  ['__u16 dport', 2],
  ['__u16 family', 2],
  ['__u16 protocol', 2],
  ['__u8 saddr[4]', 4],
  ['__u8 daddr[4]', 4],
  ['__u8 saddr_v6[16]', 16],
  ['__u8 daddr_v6[16]', 16],
];
const taskFields: readonly [string, number][] = [
  ['__data_loc char[] filename', 4],
  ['pid_t pid', 4],
  ['pid_t old_pid', 4],
];
const formats: EventFormat[] = [
  layout('inet_sock_set_state', 1, socketFields),
  layout('tcp_send_reset', 2, [
    ['enum sk_rst_reason reason', 4],
    ['__u8 saddr[28]', 28],
    ['__u8 daddr[28]', 28],
  ]),
  layout('sched_process_exec', 3, taskFields),
  layout('sched_process_fork', 4, [
    ['__rel_loc char[] child_comm', 4],
    ['pid_t parent_pid', 4],
    ['pid_t child_pid', 4],
  ]),
  layout('sched_process_exit', 5, [['pid_t pid', 4]]),
  layout('task_newtask', 6, [
    ['pid_t pid', 4],
    ['char comm[16]', 16],
    ['u64 clone_flags', 8],
  ]),
];
const texts = [
  formatText('inet_sock_set_state', 7, [...common, ...socketFields]),
  'name: tcp_send_reset\nID: 2\nformat:\n\tfield:int a;\toffset:8;\tsize:4;\tsigned:1;\n\nprint fmt: "%s", __print_symbolic(REC->reason, { 0, "A" }, { 0x1, "B" })\n',
  '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n',
  '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0\n',
];

function page(): Uint8Array {
  const writer = new PageWriter(BigInt(random(2 ** 31)) * 65_536n);
  while (writer.used < 3600 && random(40) > 0) {
    const kind = random(8);
    if (kind === 0) writer.timeExtend(BigInt(random(2 ** 31)));
    else if (kind === 1) writer.timeStamp(BigInt(random(2 ** 31)) * 4096n);
    else if (kind === 2) writer.discarded(random(1000), 4 + 4 * random(20));
    else {
      const format = formats[random(formats.length)]!;
      const bytes = recordOf(format, { common_pid: random(5000) });
      for (let i = 2; i < bytes.length; i++) if (random(3) === 0) bytes[i] = random(256);
      writer.record(random(2 ** 27), bytes);
    }
  }
  const bytes = writer.finish(random(4) * 0x4000_0000);
  if (random(10) === 0) for (let i = 0; i < bytes.length; i++) bytes[i] = random(256);
  else for (let i = random(12); i > 0; i--) bytes[random(random(2) ? 64 : bytes.length)] = random(256);
  return bytes;
}

function mutate(text: string): string {
  let mutated = text;
  for (let i = random(6); i > 0; i--) {
    const at = random(mutated.length + 1);
    const junk = [
      '',
      ';',
      '[',
      '\0',
      '-1',
      '99999999999',
      '__print_symbolic(REC->',
      '{',
      '\n',
      String.fromCharCode(random(0x300)),
    ];
    mutated = mutated.slice(0, at) + junk[random(junk.length)] + mutated.slice(at + random(20));
  }
  return mutated;
}

const someProcess: ThreadRecord = {
  ...{ tid: 1, pid: 1, ptid: 0, comm: 'x', exe: 'x', args: ['a', ''], cwd: '/', uid: 0, gid: 0 },
  ...{ startTime: 5n, descriptors: [], cgroups: ['cgroup=/'], sid: 1, vpid: 1 },
};

/** A typed array that reports every read outside of it. */
function guarded<T extends Uint8Array | Uint32Array>(array: T): T {
  return new Proxy(array, {
    get(target, key) {
      if (
        typeof key === 'string' &&
        /^-?\d+$/.test(key) &&
        !(Number(key) >= 0 && Number(key) < target.length)
      ) {
        throw new RangeError(`read outside the page: ${key} of ${target.length}`);
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

class FuzzCpu implements CpuBuffer {
  readonly page = new PageReader(page64);
  readonly pages: { readonly bytes: Uint8Array; readonly length: number }[] = [];

  constructor(guard: boolean) {
    if (!guard) return;
    Object.defineProperty(this.page, 'bytes', { value: guarded(this.page.bytes) });
    Object.defineProperty(this.page, 'words', { value: guarded(this.page.words) });
  }

  read(): number {
    const next = this.pages.shift();
    if (!next) return 0;
    new Uint8Array(this.page.bytes.buffer).set(next.bytes);
    return next.length;
  }
}

const noTasks = { readProcess: () => undefined, startOf: () => undefined };

/** Decodes pages as the worker does; throws when more records come out than can be in them. */
function decodePages(pages: FuzzCpu['pages'], guard: boolean): void {
  const builder = new BatchBuilder();
  const tasks = new TaskTable(64, noTasks);
  const decoder = new RecordDecoder(formats, builder, tasks);
  const cpus = [new FuzzCpu(guard), new FuzzCpu(guard)];
  for (const [i, one] of pages.entries()) cpus[i % 2]!.pages.push(one);
  const drain = new Drain(cpus);
  let decoded = 0;
  const sink = {
    full: false,
    decode(reader: PageReader) {
      decoder.decode(reader);
      if (++decoded > pages.length * 1024) throw new RangeError('more records than a page can hold');
    },
  };
  drain.pass(Number.MAX_SAFE_INTEGER, sink);
  builder.take();
  tasks.lookAhead();
  tasks.take();
}

/** The same pages as events for rules; of some processes there is still something to be told. */
function decodeEvents(pages: readonly { readonly bytes: Uint8Array; readonly length: number }[]): void {
  const events = new EventRecordDecoder(formats, {
    epochOffset: 0n,
    muted: random(5000),
    process: (pid) => (random(2) === 0 ? undefined : { ...someProcess, tid: pid, pid }),
  });
  const cpu = new FuzzCpu(true);
  cpu.pages.push(...pages);
  new Drain([cpu]).pass(Number.MAX_SAFE_INTEGER, {
    full: false,
    decode: (reader) => {
      const event = events.decode(reader);
      if (event !== undefined && (event.time < 0n || eventTypes[event.type] === undefined))
        throw new RangeError('no such event');
    },
  });
}

function parseText(text: string): void {
  const format = parseEventFormat(text);
  if (format) {
    symbolsOf(format, 'reason');
    canDecode(format);
    canDecodeEvent(format);
    // Whatever layout comes out of a text, decoding by it stays inside the page.
    const cpu = new FuzzCpu(true);
    cpu.pages.push({ bytes: page(), length: 4096 });
    new Drain([cpu]).pass(Number.MAX_SAFE_INTEGER, {
      full: false,
      decode: (reader) =>
        new RecordDecoder([format], new BatchBuilder(), new TaskTable(4, noTasks)).decode(reader),
    });
  }
  parsePageFormat(text);
  isKnownRecordHeader(text);
  for (const socket of parseProcNetSockets(text))
    if (socket.local.port > 65_535) throw new RangeError('port');
  if (commandLine(text).length > 256) throw new RangeError('long command line');
  cgroupPath(text);
}

function randomCase(): void {
  const kind = random(16);
  if (kind % 4 === 3) {
    parseText(mutate(texts[random(texts.length)]!));
    return;
  }
  const pages = Array.from({ length: 1 + random(4) }, () => ({
    bytes: page(),
    length: random(8) === 0 ? random(4097) : 4096,
  }));
  decodePages(pages, kind === 0);
  decodeEvents(pages);
}

const until = performance.now() + Number(values.seconds) * 1000;
let cases = 0;
while (performance.now() < until) {
  const before = state;
  try {
    limited(2000, randomCase);
  } catch (error) {
    console.error(`case ${cases} fails; it is the first one with --seed ${before}`);
    console.error(error);
    process.exit(1);
  }
  cases++;
}
console.log(`tracefs: ${cases} cases, seed ${values.seed}, no fault`);
