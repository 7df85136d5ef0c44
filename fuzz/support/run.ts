import { parseArgs } from 'node:util';
import { limited } from './limited.ts';

/** What the command line of a fuzz target says. */
export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
}

/** Returns `--seconds` (default 5) and `--seed` (default any). */
export function fuzzOptions(): FuzzOptions {
  const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
  return { seconds: Number(values.seconds ?? 5), seed: Number(values.seed ?? Date.now() % 2 ** 31) };
}

/**
 * Runs cases until the time is over and prints how many; exits 1 with the case on a crash or when one takes longer than
 * `limitMs`. `cases` gives the next ones for a seed, `run` throws what is wrong.
 */
export function fuzz<T>(
  { seconds, seed }: FuzzOptions,
  limitMs: number,
  cases: (seed: number) => Iterable<T>,
  run: (one: T) => void,
  show: (one: T) => string,
): void {
  const until = performance.now() + seconds * 1000;
  let [count, slowest] = [0, 0];
  for (let round = 0; performance.now() < until; round++) {
    for (const one of cases(seed + round)) {
      count++;
      try {
        slowest = Math.max(
          slowest,
          limited(limitMs, () => run(one)),
        );
      } catch (error) {
        console.error(`seed ${seed + round}: ${show(one)}\n${(error as Error).stack}`);
        process.exit(1);
      }
    }
  }
  console.log(`${count} cases, slowest ${slowest.toFixed(0)} ms, seed ${seed}`);
}
