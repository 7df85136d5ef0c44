import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** How a program ran: times in seconds, memory in MiB. */
export interface ChildRun {
  readonly wall: number;
  /** Processor time of all its threads, as last looked at: to about 10 ms. */
  readonly cpu: number;
  /** Most memory that it had at a time (VmHWM). */
  readonly memory: number;
  /** All that it wrote. */
  readonly output: string;
}

const lookMs = 10;
const ticksPerSecond = 100;
const pagesKb = 1024;

/**
 * Runs a program to its end, and looks into /proc meanwhile. Throws an Error when it cannot be started, ends in an error, or takes longer
 * than `limitSeconds`.
 */
export async function runChild(
  program: string,
  args: readonly string[],
  limitSeconds: number,
): Promise<ChildRun> {
  const begun = performance.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => output.push(`${data}`));
  let [cpu, memory] = [0, 0];
  const look = () => {
    try {
      // The name in parentheses may hold blanks.
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      cpu = Math.max(cpu, (Number(fields[11]) + Number(fields[12])) / ticksPerSecond);
      const most = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      memory = Math.max(memory, Number(most ?? 0) / pagesKb);
    } catch {
      // It has ended.
    }
  };
  const looking = setInterval(look, lookMs);
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, limitSeconds * 1000);
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('close', resolve);
      child.once('error', reject);
    });
    const wall = (performance.now() - begun) / 1000;
    const said = output.join('');
    if (isLate) throw new Error(`${program} took more than ${limitSeconds} s`);
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${said.slice(-2000)}`);
    return { wall, cpu, memory, output: said };
  } finally {
    clearInterval(looking);
    clearTimeout(limit);
  }
}
