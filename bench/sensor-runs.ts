import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventTypes } from '../src/event/event-types.ts';
import type { RawEvent } from '../src/event/raw-event.ts';
import { type EventSensor, type EventSensorKind, openEventSensor } from '../src/sensor/event-sensor.ts';

/** A file that is nowhere: to ask for it is all that the programs under watch do. */
export const bait = '/no-such-file-of-picket';
/** Arguments of the programs that are started, a number between them. */
export const argument = { first: 'start', blank: 'a b', long: 'x'.repeat(200) } as const;

/** How a program asks for files: as fast as it can, or with short rests, as on a busy machine. */
export function opener(count: number, isResting = false): readonly string[] {
  const rest = isResting ? 'select(undef, undef, undef, 0.001) unless $_ % 700;' : '';
  return ['-e', `for (1..${count}) { sysopen(F, '${bait}', 0); ${rest} }`];
}

/** How a program starts others. */
export function starter(count: number): readonly string[] {
  const words = `'${argument.first}', $_, '${argument.blank}', '${argument.long}'`;
  return ['-e', `for (1..${count}) { system('/bin/true', ${words}) }`];
}

/** What a run came to. */
export interface Run {
  /** Until the programs had ended. */
  readonly seconds: number;
  /** Processor time of this thread, µs, while events were read. */
  readonly cpu: number;
  /** All events that were read, those of other programs too. */
  readonly events: number;
  readonly lost: ReadonlyMap<string, number>;
  readonly attachMs: number;
}

/** Runs programs (in Perl) and hands on their events until they have ended and nothing waits. */
export async function run(
  programs: readonly (readonly string[])[],
  types: ReadonlySet<string>,
  take: (raw: RawEvent) => void,
  kind: EventSensorKind = 'bpf',
): Promise<Run> {
  const begun = performance.now();
  const { sensor } = openEventSensor({ types, kind });
  const attachMs = performance.now() - begun;
  try {
    const children = programs.map((words) => spawn('perl', words, { stdio: 'ignore' }));
    let hasEnded = false;
    let seconds = 0;
    const from = performance.now();
    const all = Promise.all(children.map((child) => once(child, 'exit'))).then(() => {
      hasEnded = true;
      seconds = (performance.now() - from) / 1000;
    });
    const cpu = await drain(sensor, take, () => hasEnded);
    await all;
    return { seconds, cpu, events: sensor.events, lost: sensor.lost(), attachMs };
  } finally {
    sensor.close();
  }
}

/** How long is read after the end at most, ms. */
const drainMs = 20_000;

/** Reads until `hasEnded` and nothing waits; returns the processor time of this thread for it, µs. */
async function drain(
  sensor: EventSensor,
  take: (raw: RawEvent) => void,
  hasEnded: () => boolean,
): Promise<number> {
  let cpu = 0;
  let end = Number.POSITIVE_INFINITY;
  // Others of the machine may never rest: then what came before the programs' end has been read all the same.
  for (let quiet = 0; quiet < 3 && performance.now() < end; ) {
    const isLast = hasEnded();
    if (isLast && end === Number.POSITIVE_INFINITY) end = performance.now() + drainMs;
    const before = process.threadCpuUsage();
    const count = sensor.read(20_000, take);
    const used = process.threadCpuUsage(before);
    cpu += used.user + used.system;
    quiet = isLast && count === 0 ? quiet + 1 : 0;
    // As the agent does: whole batches, and sleep between them.
    await new Promise((resolve) => (count < 2000 ? setTimeout(resolve, 2) : setImmediate(resolve)));
  }
  return cpu;
}

export function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
}

/** Whether an event is one of the starts that `starter` makes, with all its arguments; its number then. */
export function wholeStart({ type, params }: RawEvent): number | undefined {
  if (eventTypes[type] !== 'execve' || !(params[2] instanceof Uint8Array)) return undefined;
  const [first, number, blank, long] = new TextDecoder().decode(params[2]).split('\0');
  const isWhole = first === argument.first && blank === argument.blank && long === argument.long;
  return isWhole ? Number(number) : undefined;
}

/** Whether bpftrace is here; it is measured where it is. */
export function hasBpftrace(): boolean {
  return spawnSync('bpftrace', ['--version']).status === 0;
}

/** It says nothing of when it is attached that would not wait in its output's buffer; this is long enough, ms. */
const bpftraceStartMs = 4_000;
const bpftraceEndMs = 10_000;

/** Runs a program in Perl under a script of bpftrace, and gives each line that it prints to `take`. */
export async function runBpftrace(
  script: string,
  words: readonly string[],
  take: (line: string) => void,
): Promise<{ readonly seconds: number; readonly lost: number }> {
  // It looks for trace events where they are usually mounted: in a mount namespace of its own, which ends with it.
  const mounts = 'mount -t debugfs none /sys/kernel/debug; mount -t tracefs none /sys/kernel/tracing';
  const tracer = spawn('unshare', ['-m', 'sh', '-c', `${mounts}; exec bpftrace -B full -e "$0"`, script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, BPFTRACE_STRLEN: '200', BPFTRACE_PERF_RB_PAGES: '1024' },
  });
  let lost = 0;
  const countLost = (text: string) => {
    for (const [, count] of text.matchAll(/Lost (\d+) events/g)) lost += Number(count);
  };
  tracer.stderr.setEncoding('utf8').on('data', countLost);
  createInterface({ input: tracer.stdout }).on('line', (line) => {
    countLost(line);
    take(line);
  });
  try {
    await new Promise((resolve) => setTimeout(resolve, bpftraceStartMs));
    if (tracer.exitCode !== null) throw new Error('bpftrace has ended');
    const from = performance.now();
    await ended(spawn('perl', words, { stdio: 'ignore' }));
    const seconds = (performance.now() - from) / 1000;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { seconds, lost };
  } finally {
    // It only minds a signal that comes while it waits for events (0.17), so it is told again; what it printed is here already.
    const closed = once(tracer, 'close');
    const telling = setInterval(() => tracer.kill('SIGINT'), 200);
    await Promise.race([closed, sleep(bpftraceEndMs, undefined, { ref: false })]);
    clearInterval(telling);
    tracer.kill('SIGKILL');
    tracer.stdout.destroy();
    tracer.stderr.destroy();
    tracer.unref();
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
