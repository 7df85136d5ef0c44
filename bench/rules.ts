/**
 * The rules engine with the official Falco rules: node bench/rules.ts [--quick]. Prints events a second, first match and all,
 * beside one function for each rule, in the same run; and beside sysdig with the same rules as one filter, where it is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { eventTypeNumber, parametersOf } from '../src/event/event-types.ts';
import type { RawEvent, RawValue } from '../src/event/raw-event.ts';
import { readScap } from '../src/event/scap/read-scap.ts';
import { SystemState } from '../src/event/state/system-state.ts';
import { syscallSource } from '../src/event/syscall-source.ts';
import type { SystemEvent } from '../src/event/system-event.ts';
import { fileText } from '../src/manifest/embedded.ts';
import { parseAddress } from '../src/net/address.ts';
import { compileFilter, compileRules } from '../src/rules/compile/compile.ts';
import { RuleEngine } from '../src/rules/engine.ts';
import { loadRules } from '../src/rules/load/load.ts';
import { renderCondition } from '../src/rules/syntax/render-condition.ts';
import { Dice } from '../src/segmentation/generate.oracle.ts';
import { quick } from './measure.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const folder = `${shared}/data/falco`;
if (!existsSync(folder)) {
  console.log(`the official rules are not here (${folder}): nothing to measure`);
  process.exit(0);
}

const names = ['falco_rules', 'falco-incubating_rules', 'falco-sandbox_rules'];
const files = names.map((name) =>
  fileText(`${name}.yaml`, readFileSync(`${folder}/rules/${name}.yaml`, 'utf8')),
);
const begun = performance.now();
const { rules } = loadRules(files, { sources: new Map([['syscall', syscallSource]]) });
const loaded = performance.now();
// All of them, those that are off by default too.
const enabled = rules.map((rule) => ({ ...rule, enabled: true }));
const matcher = compileRules(enabled, syscallSource);
for (const type of syscallSource.types.keys()) if (matcher.isAsked(type)) matcher.prepare(type);
console.log(
  `${rules.length} rules: loaded in ${(loaded - begun).toFixed(0)} ms, compiled in ${(performance.now() - loaded).toFixed(0)} ms`,
);

/**
 * What a busy machine does, by share: mostly files, some programs, some connections. Of a hundred files 97 are opened to be read and
 * one in three is not there, as where software is built and tested.
 */
const mix: readonly (readonly [
  share: number,
  make: (dice: Dice) => Record<string, RawValue>,
  name: string,
])[] = [
  [
    46,
    (dice) => ({
      fd: dice.below(3) > 0 ? 3 + dice.below(60) : -2,
      dirfd: -100,
      name: dice.pick(paths),
      flags: dice.below(100) < 97 ? dice.pick([1, 4097]) : dice.pick([6, 4098, 262]),
      mode: 0,
    }),
    'openat',
  ],
  [26, (dice) => ({ res: 0, fd: 3 + dice.below(60) }), 'close'],
  [6, () => ({ res: 64, data: new Uint8Array(64), fd: 1, size: 64 }), 'write'],
  [4, (dice) => ({ res: -115, tuple: tuple(dice), fd: 3 + dice.below(60) }), 'connect'],
  [
    3,
    (dice) => ({ fd: 3 + dice.below(60), tuple: tuple(dice), queuepct: 0, queuelen: 0, queuemax: 128 }),
    'accept4',
  ],
  [4, (dice) => ({ fd: 3 + dice.below(60), domain: dice.pick([1, 2, 10]), type: 1, proto: 0 }), 'socket'],
  [3, (dice) => ({ res: 64, data: new Uint8Array(64), fd: 3, size: 64, tuple: tuple(dice) }), 'sendto'],
  [2, (dice) => ({ res: 0, path: dice.pick(paths) }), 'unlink'],
  [2, (dice) => ({ res: 0, oldpath: dice.pick(paths), newpath: dice.pick(paths) }), 'rename'],
  [2, (dice) => ({ res: 0, filename: dice.pick(paths), mode: 0o644 }), 'chmod'],
  [2, (dice) => execution(dice), 'execve'],
];
const paths = [
  '/etc/ld.so.cache',
  '/lib/x86_64-linux-gnu/libc.so.6',
  '/usr/lib/locale/locale-archive',
  '/proc/self/status',
  '/var/log/app/current.log',
  '/home/app/.cache/state.json',
  '/srv/data/0001/segment',
  'relative/file.txt',
  '/tmp/work/a',
  '/usr/share/zoneinfo/UTC',
];
const programs = ['sh', 'ls', 'cat', 'python3', 'node', 'git', 'cron', 'sed', 'date', 'nginx'];

function tuple(dice: Dice): RawValue {
  const end = (text: string, port: number) => ({ address: parseAddress(text)!, port });
  return {
    kind: 'inet',
    source: end('198.51.100.7', 40_000 + dice.below(1000)),
    destination: end(`203.0.113.${dice.below(200)}`, dice.pick([80, 443, 5432, 8080])),
  };
}

function execution(dice: Dice): Record<string, RawValue> {
  const program = dice.pick(programs);
  const args = new TextEncoder().encode('-a\0--long=1\0');
  return {
    res: 0,
    exe: program,
    comm: program,
    args,
    cwd: '/srv',
    filename: `/usr/bin/${program}`,
    flags: 0,
    uid: 1000,
    loginuid: 0xffffffff,
    tty: 0,
  };
}

function rawEvents(count: number): RawEvent[] {
  const dice = new Dice(1);
  const shares = mix.flatMap((entry) => Array(entry[0]).fill(entry) as (typeof mix)[number][]);
  return Array.from({ length: count }, (_, index) => {
    const [, make, name] = dice.pick(shares);
    const type = eventTypeNumber(name) as number;
    const values = make(dice);
    const params = parametersOf(type).map((parameter) => values[parameter.name]);
    return { type, time: BigInt(index) * 1000n, cpu: index % 2, tid: 100 + dice.below(200), params };
  });
}

function stateWithProcesses(): SystemState {
  const state = new SystemState({ userName: () => 'app', groupName: () => 'app' });
  for (let tid = 100; tid < 300; tid++) {
    const comm = programs[tid % programs.length] as string;
    const cgroups = tid % 2 === 0 ? [`=/docker/${'ab'.repeat(32)}`] : ['=/system.slice/app.service'];
    state.seed({
      tid,
      pid: tid,
      ptid: 99,
      comm,
      exe: comm,
      exepath: `/usr/bin/${comm}`,
      args: ['-d'],
      cwd: '/srv',
      uid: 1000,
      gid: 1000,
      cgroups,
      descriptors: [],
    });
  }
  state.seed({
    tid: 99,
    pid: 99,
    ptid: 1,
    comm: 'systemd',
    exe: '/sbin/init',
    args: [],
    cwd: '/',
    uid: 0,
    gid: 0,
    descriptors: [],
  });
  return state;
}

// As many as a batch has: events are asked when they were just read, not when they have left the caches.
const raws = rawEvents(10_000);
const repeats = quick ? 2 : 20;
const rounds = quick ? 3 : 9;
/** Rate of the first way, to which the others are compared. */
let base = 0;
const state = stateWithProcesses();
const events: SystemEvent[] = raws.map((raw) => state.apply(raw));
const single = enabled.map(({ condition }) => compileFilter(condition, syscallSource));
const eachByType = syscallSource.types.map((_, type) => {
  const asked = new Set(matcher.rulesFor(type));
  return single.filter((__, index) => asked.has(enabled[index]!));
});

console.log(
  `\n${raws.length} events, ${repeats} times: ${mix.map(([share, , name]) => `${name} ${share} %`).join(', ')}`,
);
report('all rules as one function a type, first match', () =>
  events.reduce((sum, event) => sum + Number(matcher.first(event) !== undefined), 0),
);
report('the same, all that hold', () => events.reduce((sum, event) => sum + matcher.all(event).length, 0));
report('one function for each rule of the type', () =>
  events.reduce(
    (sum, event) =>
      sum + (eachByType[event.raw.type] ?? []).reduce((count, holds) => count + Number(holds(event)), 0),
    0,
  ),
);
report('tables of threads and descriptors too, first match', () => {
  const fresh = stateWithProcesses();
  return raws.reduce((sum, raw) => sum + Number(matcher.first(fresh.apply(raw)) !== undefined), 0);
});

/** Correlations over files and connections: ten whose conditions hold now and then, and one that holds for every file opened. */
const together = (condition: string, count: number) =>
  loadRules(
    [
      fileText(
        'together.yaml',
        Array.from(
          { length: count },
          (_, index) =>
            `- {correlation: c${index}, desc: d, within: 10s, output: "%proc.name", priority: INFO, count: {condition: '${condition}', by: [proc.pid, fd.name], at_least: ${10 + index}}}\n`,
        ).join(''),
      ),
    ],
    { sources: new Map([['syscall', syscallSource]]) },
  ).correlations;
const engineOf = (correlations: ReturnType<typeof together>) =>
  new RuleEngine<SystemEvent>({ rules: enabled, correlations }, syscallSource, {
    timeOf: ({ raw }) => raw.time,
    hostname: 'bench',
    matching: 'first',
  });
for (const [title, correlations] of [
  ['rules and alerts by the engine', []],
  [
    'with ten correlations that seldom hold',
    together('evt.type in (openat, connect) and fd.name startswith /home', 10),
  ],
  ['with one that holds for every file opened', together('evt.type = openat', 1)],
  ['with ten such', together('evt.type = openat', 10)],
] as const) {
  const engine = engineOf(correlations);
  report(title, () => events.reduce((sum, event) => sum + engine.take(event).length, 0));
}

function report(title: string, run: () => number): void {
  const rates: number[] = [];
  let result = 0;
  for (let round = 0; round <= rounds; round++) {
    const started = performance.now();
    for (let left = repeats; left > 0; left--) result = run();
    if (round > 0) rates.push(((raws.length * repeats) / (performance.now() - started)) * 1000);
  }
  rates.sort((a, b) => a - b);
  const median = rates[rates.length >> 1] as number;
  base ||= median;
  const show = (rate: number) => `${(rate / 1e6).toFixed(2)}M`;
  console.log(
    `  ${title}: ${show(median)} events/s (${show(rates[0]!)} to ${show(rates.at(-1)!)}), ×${(median / base).toFixed(2)}; ${result} hits`,
  );
}

let conditions = 0;
beside();

/** A real capture made long, through sysdig with the rules as one filter and through ours. */
function beside(): void {
  const version = spawnSync('sysdig', ['--version']);
  if (version.status !== 0) {
    console.log('sysdig is not here: no comparison');
    return;
  }
  const capture = gunzipSync(readFileSync(`${folder}/captures/curl_google.scap`));
  const { head, blocks } = split(capture);
  const work = mkdtempSync(join(tmpdir(), 'picket-bench-'));
  try {
    const path = join(work, 'long.scap');
    const times = quick ? 20 : 600;
    writeFileSync(path, Buffer.concat([head, ...Array(times).fill(blocks)]));
    const recording = readScap(new Uint8Array(readFileSync(path)));
    const filter = sysdigFilter();
    const started = performance.now();
    const { status } = spawnSync('sysdig', ['-r', path, '-p', '%evt.num', filter], { maxBuffer: 2 ** 30 });
    const theirs = performance.now() - started;
    const own = stateWithProcesses();
    for (const thread of recording.threads) own.seed(thread);
    const begunOwn = performance.now();
    for (const { raw, number } of recording.events) matcher.first(own.apply(raw, number));
    const ours = performance.now() - begunOwn;
    const rate = (ms: number) => `${(recording.events.length / ms / 1000).toFixed(2)}M`;
    console.log(
      `\na capture of ${recording.events.length} calls: ours ${rate(ours)} calls/s with tables, first match of 93 rules; sysdig ${status === 0 ? `${rate(theirs)} calls/s with the ${conditions} rules that it can read, whole process` : 'failed'}: ×${(theirs / ours).toFixed(1)}`,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Those of the rules whose fields sysdig knows, joined by `or`. */
function sysdigFilter(): string {
  const known = new Set(
    spawnSync('sysdig', ['-l'])
      .stdout.toString()
      .match(/^[a-z]+\.[\w.]+/gm) ?? [],
  );
  const texts = enabled.flatMap(({ condition }) => {
    const text = renderCondition(condition);
    const used = text.match(/\b(?:evt|proc|fd|user|group|container|thread|k8s|fs)\.[a-z_.]+/g) ?? [];
    return used.every((name) => known.has(name) || name.startsWith('evt.arg')) ? [`(${text})`] : [];
  });
  const usable = texts.filter(
    (text) =>
      spawnSync('sysdig', ['-r', `${folder}/captures/curl_google.scap`, '-n', '1', text]).status === 0,
  );
  conditions = usable.length;
  return usable.join(' or ');
}

/** The blocks before the first event, and those of events. */
function split(capture: Buffer): { readonly head: Buffer; readonly blocks: Buffer } {
  const [head, blocks]: [Buffer[], Buffer[]] = [[], []];
  for (let offset = 0; offset < capture.length; ) {
    const length = capture.readUInt32LE(offset + 4);
    const block = capture.subarray(offset, offset + length);
    (capture.readUInt32LE(offset) === 0x204 ? blocks : head).push(block);
    offset += length;
  }
  return { head: Buffer.concat(head), blocks: Buffer.concat(blocks) };
}
