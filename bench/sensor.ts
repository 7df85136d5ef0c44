/**
 * Sensors of system events at work: node bench/sensor.ts [--quick]. Needs root. Programs open files as fast as they can while this
 * process reads, keeps the tables and asks all official rules of each event: rates, what was lost, and the processor time of an event;
 * with a core to itself, and with both taken. Then starts of programs, each with its own arguments, and how many come whole: beside
 * the kernel's trace events, and bpftrace where that is installed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { eventTypes } from '../src/event/event-types.ts';
import type { RawEvent } from '../src/event/raw-event.ts';
import { SystemState } from '../src/event/state/system-state.ts';
import { syscallSource } from '../src/event/syscall-source.ts';
import type { SystemEvent } from '../src/event/system-event.ts';
import { fileText } from '../src/manifest/embedded.ts';
import { RuleEngine } from '../src/rules/engine.ts';
import { loadRules } from '../src/rules/load/load.ts';
import { bpfTypes, probeBpf } from '../src/sensor/bpf.ts';
import { median, quick } from './measure.ts';
import { bait, hasBpftrace, opener, run, runBpftrace, starter, total, wholeStart } from './sensor-runs.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const folder = `${shared}/data/falco/rules`;
const { state: can, details } = probeBpf();
if (can !== 'available' || !existsSync(folder)) {
  const why =
    can === 'available' ? 'the official rules are not here: nothing to measure' : details.join('; ');
  console.log(why);
  process.exit(0);
}

const names = { userName: (uid: number) => String(uid), groupName: (gid: number) => String(gid) };
const files = ['falco_rules', 'falco-incubating_rules', 'falco-sandbox_rules'].map((name) =>
  fileText(`${name}.yaml`, readFileSync(`${folder}/${name}.yaml`, 'utf8')),
);
const loaded = loadRules(files, { sources: new Map([['syscall', syscallSource]]) });
const all = { ...loaded, rules: loaded.rules.map((rule) => ({ ...rule, enabled: true })) };
const engine = new RuleEngine<SystemEvent>(all, syscallSource, {
  timeOf: ({ raw }) => raw.time,
  hostname: 'bench',
  matching: 'first',
});
const types = new Set(eventTypes.filter((name, type) => bpfTypes.has(name) && engine.isAsked(type)));
for (const type of eventTypes.keys()) if (engine.isAsked(type)) engine.prepare(type);

const opens = quick ? 100_000 : 2_000_000;
const starts = quick ? 300 : 20_000;
const rounds = quick ? 1 : 3;

type Take = (raw: RawEvent) => void;
const allRules = (): Take => {
  const state = new SystemState(names);
  return (raw) => void engine.take(state.apply(raw));
};
const variants: readonly (readonly [name: string, isResting: boolean, make: () => Take])[] = [
  ['decoded', false, () => () => undefined],
  [
    'decoded, tables',
    false,
    () => {
      const state = new SystemState(names);
      return (raw) => void state.apply(raw);
    },
  ],
  [`decoded, tables, all ${all.rules.length} rules`, false, allRules],
  ['the same, the program resting now and then', true, allRules],
];

console.log(`${opens} files asked for, on ${availableParallelism()} processors, ${rounds} times each:`);
for (const [name, isResting, make] of variants) {
  const [rates, costs, lost]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const one = await openFiles([opener(opens, isResting)], opens, make());
    rates.push(opens / one.seconds / 1000);
    costs.push(one.cpu / one.events);
    lost.push(one.lost);
  }
  console.log(
    `  ${name}: ${spread(rates, 0)}k/s, lost ${lost.join(', ')}, ${spread(costs, 2)} µs of processor time for an event`,
  );
}

const generators = availableParallelism();
const starved = await openFiles(
  new Array(generators).fill(opener(opens / 2)),
  (opens / 2) * generators,
  allRules(),
);
console.log(
  `  ${generators} programs at once on as many processors, all rules: ${Math.round(((opens / 2) * generators) / starved.seconds / 1000)}k/s, ` +
    `${starved.seen} seen + ${starved.lost} lost = ${starved.seen + starved.lost} of ${(opens / 2) * generators} made`,
);

/** Runs openers; what was seen and what was lost must be what was made, or it throws. */
async function openFiles(programs: readonly (readonly string[])[], made: number, take: Take) {
  let seen = 0;
  const one = await run(programs, types, (raw) => {
    if (raw.params[2] === bait) seen++;
    take(raw);
  });
  const lost = one.lost.get('openat') ?? 0;
  // Other programs open files as well, and those may be among the lost.
  if (seen + lost < made || (lost === 0 && seen !== made))
    throw new Error(`${seen} seen and ${lost} lost of ${made}`);
  return { ...one, seen, lost };
}

console.log(`\n${starts} programs started, each with its own arguments:`);
for (const kind of ['bpf', 'tracefs'] as const) {
  const whole = new Set<number>();
  const one = await run(
    [starter(starts)],
    types,
    (raw) => {
      const number = wholeStart(raw);
      if (number !== undefined) whole.add(number);
    },
    kind,
  );
  tellStarts(kind, one.seconds, whole.size, total(one.lost), one.attachMs);
}
if (hasBpftrace()) {
  const whole = new Set<string>();
  const script = 'tracepoint:syscalls:sys_enter_execve { join(args->argv) }';
  const one = await runBpftrace(script, starter(starts), (line) => {
    const [, number] = /^\/bin\/true start (\d+) a b x{200}$/.exec(line) ?? [];
    if (number !== undefined) whole.add(number);
  });
  tellStarts('bpftrace', one.seconds, whole.size, one.lost);
  let seen = 0;
  const script2 = `tracepoint:syscalls:sys_enter_openat /comm == "perl"/ { printf("%d %s\\n", pid, str(args->filename)) }`;
  const made = opens / 10;
  const opened = await runBpftrace(script2, opener(made), (line) => {
    if (line.endsWith(bait)) seen++;
  });
  const ours = await openFiles([opener(made)], made, () => undefined);
  console.log(
    `\n${made} files asked for, by path: BPF sensor ${ours.seen} seen, the program at ${Math.round(made / ours.seconds / 1000)}k/s; ` +
      `bpftrace ${seen} seen, at ${Math.round(made / opened.seconds / 1000)}k/s (${(opened.seconds / ours.seconds).toFixed(1)} times as long)`,
  );
} else console.log('bpftrace is not installed: not compared');

function tellStarts(who: string, seconds: number, whole: number, lost: number, attachMs?: number): void {
  console.log(
    `  ${who}: ${whole} with all their arguments (${((100 * whole) / starts).toFixed(1)} %), ${lost} lost, ${(starts / seconds / 1000).toFixed(2)}k/s${attachMs === undefined ? '' : `; attached in ${attachMs.toFixed(0)} ms`}`,
  );
}

function spread(values: readonly number[], digits: number): string {
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  const middle = median(values).toFixed(digits);
  return low === high ? middle : `${middle} (${low} to ${high})`;
}
