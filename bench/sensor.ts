/**
 * The BPF sensor at work: node bench/sensor.ts [--quick]. Needs root. A program opens files as fast as it can while this process
 * reads, keeps the tables and asks all official rules of each event; prints the rate, what was lost, and the processor time of an
 * event; then starts of programs, each with its own arguments, and how many came whole.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventTypes } from '../src/event/event-types.ts';
import type { RawEvent } from '../src/event/raw-event.ts';
import { SystemState } from '../src/event/state/system-state.ts';
import { syscallSource } from '../src/event/syscall-source.ts';
import { fileText } from '../src/manifest/embedded.ts';
import { compileRules } from '../src/rules/compile/compile.ts';
import { loadRules } from '../src/rules/load/load.ts';
import { BpfSensor, bpfTypes, probeBpf } from '../src/sensor/bpf.ts';
import { quick } from './measure.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const folder = `${shared}/data/falco/rules`;
const { state: can, details } = probeBpf();
if (can !== 'available' || !existsSync(folder)) {
  console.log(
    can === 'available' ? 'the official rules are not here: nothing to measure' : details.join('; '),
  );
  process.exit(0);
}

const files = ['falco_rules', 'falco-incubating_rules', 'falco-sandbox_rules'].map((name) =>
  fileText(`${name}.yaml`, readFileSync(`${folder}/${name}.yaml`, 'utf8')),
);
const { rules } = loadRules(files, { sources: new Map([['syscall', syscallSource]]) });
const matcher = compileRules(
  rules.map((rule) => ({ ...rule, enabled: true })),
  syscallSource,
);
const asked = new Set(eventTypes.filter((name, type) => bpfTypes.has(name) && matcher.isAsked(type)));
for (const type of eventTypes.keys()) if (matcher.isAsked(type)) matcher.prepare(type);

const opens = quick ? 100_000 : 2_000_000;
const starts = quick ? 500 : 20_000;
const names = { userName: (uid: number) => String(uid), groupName: (gid: number) => String(gid) };

/** Runs a program and hands its events on until it has ended and nothing waits. */
async function record(
  words: readonly string[],
  take: (raw: RawEvent) => void,
): Promise<{ sensor: BpfSensor; seconds: number; cpu: number }> {
  const begun = performance.now();
  const sensor = new BpfSensor({ types: asked });
  const attached = performance.now() - begun;
  const child = spawn('perl', words, { stdio: 'ignore' });
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  const from = performance.now();
  const { user, system } = process.cpuUsage();
  for (;;) {
    const last = ended;
    const count = sensor.read(20_000, take);
    if (count === 0 && last) break;
    // As the agent does: whole batches, and sleep between them.
    await new Promise((resolve) => (count < 2000 ? setTimeout(resolve, 2) : setImmediate(resolve)));
  }
  const used = process.cpuUsage();
  console.log(`attached in ${attached.toFixed(0)} ms`);
  return { sensor, seconds: (performance.now() - from) / 1000, cpu: used.user - user + used.system - system };
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
}

function allRules(state: SystemState) {
  return (raw: RawEvent) => void matcher.first(state.apply(raw));
}

/** As fast as it can, and with short rests: a busy machine rather than a test of endurance. */
const restless = '';
const rests = 'select(undef, undef, undef, 0.001) unless $_ % 700;';
const variants = [
  ['decoded', restless, () => () => undefined],
  ['decoded, tables', restless, (state: SystemState) => (raw: RawEvent) => void state.apply(raw)],
  ['decoded, tables, all rules', restless, allRules],
  ['the same with rests', rests, allRules],
] as const;
for (const [name, rest, make] of variants) {
  const state = new SystemState(names);
  const take = make(state);
  let seen = 0;
  const { sensor, seconds, cpu } = await record(
    ['-e', `for (1..${opens}) { sysopen(F, '/no-such-file-of-picket', 0); ${rest} }`],
    (raw) => {
      if (raw.params[2] === '/no-such-file-of-picket') seen++;
      take(raw);
    },
  );
  const lost = sensor.lost().get('openat') ?? 0;
  console.log(
    `${name}: ${opens} files asked for in ${seconds.toFixed(2)} s (${Math.round(opens / seconds / 1000)}k/s): ${seen} seen, ${lost} lost, ${(cpu / sensor.events).toFixed(2)} µs of processor time for an event`,
  );
  sensor.close();
}

const whole = new Set<number>();
const { sensor, seconds } = await record(
  ['-e', `for (1..${starts}) { system('/bin/true', 'start', $_, "a b", "x" x 200) }`],
  ({ type, params }) => {
    if (eventTypes[type] !== 'execve' || !(params[2] instanceof Uint8Array)) return;
    const [first, number, blank, long] = new TextDecoder().decode(params[2]).split('\0');
    if (first === 'start' && blank === 'a b' && long === 'x'.repeat(200)) whole.add(Number(number));
  },
);
console.log(
  `${starts} programs started in ${seconds.toFixed(1)} s: ${whole.size} with all their arguments, ${total(sensor.lost())} events lost`,
);
sensor.close();
