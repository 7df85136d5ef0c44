/**
 * Flows of captured packets: node bench/flow.ts [--quick] [--rounds N] [--tshark] [--keep]. Picket and the programs that people use for it read the
 * same generated captures, in turn: wall and processor time, most memory, and the ratio to nfpcapd. The captures are made in a folder for
 * temporary files and removed in the end unless `--keep`; what is there is used again.
 *
 * All count every packet, which is checked. Their work is not the same: nfpcapd makes a record for each direction and writes a file,
 * softflowd does so and sends NetFlow v9, argus writes status records of its own; Picket makes one flow of both directions, decapsulates
 * tunnels, follows fragments and TCP states, learns names, and hands out an object for each flow that ends.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChildRun, runChild } from './child-run.ts';
import { type TrafficTotals, traffic } from './flow-traffic.ts';
import { median, quick } from './measure.ts';

const keep = process.argv.includes('--keep');
const packets = quick ? 100_000 : 3_000_000;
const asked = process.argv.indexOf('--rounds');
const rounds = asked >= 0 ? Number(process.argv[asked + 1]) : quick ? 1 : 5;
const limitSeconds = 300;
const folder = join(tmpdir(), 'picket-bench-flow');
const ours = fileURLToPath(new URL('flow-ours.ts', import.meta.url));

interface Contender {
  readonly name: string;
  /** The program, and its arguments for a capture and a folder to write into. */
  readonly program: string;
  readonly args: (capture: string, to: string) => readonly string[];
  /** Throws when what it wrote says that it did not read everything. */
  readonly check: (output: string, totals: TrafficTotals) => void;
}

function expectCount(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${what}: ${found} instead of ${expected}`);
}

/** The sum of all numbers behind a word. */
function told(output: string, pattern: RegExp): number {
  return [...output.matchAll(pattern)].reduce((sum, [, digits]) => sum + Number(digits), 0);
}

function picket(stage: 'reader' | 'packets' | 'flows', name: string): Contender {
  return {
    name,
    program: 'env',
    // The launcher of Picket gives every start a cache of compiled code, too.
    args: (capture) => [
      `NODE_COMPILE_CACHE=${join(folder, 'cache')}`,
      process.execPath,
      ours,
      capture,
      stage,
    ],
    check(output, totals) {
      const said = JSON.parse(output) as { readonly packets: number; readonly bytes: number };
      expectCount('packets', said.packets, totals.packets);
      expectCount('bytes', said.bytes, stage === 'reader' ? totals.frameBytes : totals.ipBytes);
    },
  };
}

const contenders: readonly Contender[] = [
  {
    name: 'nfpcapd',
    program: 'nfpcapd',
    args: (capture, to) => ['-r', capture, '-w', to, '-t', '300', '-e', '300,60'],
    check(output, totals) {
      expectCount('packets', told(output, /^Total: Processed: (\d+)/gm), totals.packets);
      expectCount('bytes', told(output, /^Ident: .* Bytes: (\d+)/gm), totals.ipBytes);
    },
  },
  {
    name: 'softflowd',
    program: 'softflowd',
    // With a control socket it may wait for that for ever (1.1.0). What it sends goes nowhere.
    args: (capture, to) =>
      ['-r', capture, '-d', '-a', '-6', '-v', '9', '-m', '200000', '-n', '127.0.0.1:9'].concat([
        '-c',
        'none',
        '-p',
        join(to, 'pid'),
      ]),
    check: (output, totals) =>
      expectCount('packets', told(output, /^Packets processed: (\d+)/gm), totals.packets),
  },
  {
    name: 'argus',
    program: 'argus',
    args: (capture, to) => ['-F', '/dev/null', '-r', capture, '-w', join(to, 'out')],
    check: () => {},
  },
  picket('flows', 'picket: flows'),
  picket('packets', 'picket: packets decoded, no flows'),
  picket('reader', 'picket: frames found, no more'),
];
const tshark: Contender = {
  name: 'tshark -z conv,tcp (once)',
  program: 'tshark',
  args: (capture) => ['-n', '-q', '-r', capture, '-z', 'conv,tcp'],
  check: () => {},
};

function isHere({ program }: Contender): boolean {
  return spawnSync('sh', ['-c', `command -v '${program}'`]).status === 0;
}

async function once(contender: Contender, capture: string, totals: TrafficTotals): Promise<ChildRun> {
  const to = mkdtempSync(join(folder, 'out-'));
  try {
    const run = await runChild(contender.program, contender.args(capture, to), limitSeconds);
    contender.check(run.output, totals);
    return run;
  } catch (error) {
    throw new Error(`${contender.name}: ${(error as Error).message}`);
  } finally {
    rmSync(to, { recursive: true });
  }
}

function print(
  title: string,
  rows: readonly { readonly name: string; readonly runs: readonly ChildRun[] }[],
): void {
  console.log(`\n${title}`);
  const middle = (runs: readonly ChildRun[], of: (run: ChildRun) => number) => median(runs.map(of));
  const first = rows[0]!.runs;
  const widest = Math.max(...rows.map(({ name }) => name.length));
  const against = rows[0]!.name;
  console.log(
    `  ${''.padEnd(widest)}  wall s [min .. max]      × ${against}   CPU s  × ${against}   Mpacket/s  MiB`,
  );
  for (const { name, runs } of rows) {
    const [wall, cpu] = [middle(runs, (run) => run.wall), middle(runs, (run) => run.cpu)];
    const walls = runs.map((run) => run.wall);
    const cells = [
      wall.toFixed(2).padStart(6),
      `[${Math.min(...walls).toFixed(2)} .. ${Math.max(...walls).toFixed(2)}]`.padEnd(17),
      (wall / middle(first, (run) => run.wall)).toFixed(2).padStart(9),
      cpu.toFixed(2).padStart(9),
      (cpu / middle(first, (run) => run.cpu)).toFixed(2).padStart(9),
      (packets / wall / 1e6).toFixed(2).padStart(11),
      middle(runs, (run) => run.memory)
        .toFixed(0)
        .padStart(6),
    ];
    console.log(`  ${name.padEnd(widest)}  ${cells.join(' ')}`);
  }
}

const missing = contenders.filter((contender) => !isHere(contender));
if (missing.length > 0) console.log(`not installed: ${missing.map(({ name }) => name).join(', ')}`);
const present = contenders.filter((contender) => !missing.includes(contender));
try {
  const { full, cut, totals } = traffic(folder, packets);
  console.log(
    `${totals.packets} packets, ${totals.flows} conversations (${totals.ipv6Flows} of IPv6, ${totals.vlanFlows} in VLANs), ` +
      `${(totals.frameBytes / 1e6).toFixed(0)} MB; ${availableParallelism()} processors, load ${loadavg()[0]!.toFixed(1)}`,
  );
  const captures = [
    ['whole packets', full],
    ['the first 96 bytes of each packet', cut],
  ] as const;
  for (const [title, capture] of captures) {
    const rows = present.map(({ name }) => ({ name, runs: [] as ChildRun[] }));
    // One round that does not count brings the capture into memory.
    for (let round = rounds > 1 ? 0 : 1; round <= rounds; round++) {
      for (const [index, contender] of present.entries()) {
        const run = await once(contender, capture, totals);
        if (round > 0) rows[index]!.runs.push(run);
      }
    }
    if (process.argv.includes('--tshark') && isHere(tshark))
      rows.push({ name: tshark.name, runs: [await once(tshark, capture, totals)] });
    print(`${title}: median of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, in turn`, rows);
  }
} finally {
  if (!keep) rmSync(folder, { recursive: true, force: true });
}
