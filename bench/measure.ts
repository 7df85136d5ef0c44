/** One way to do the work that is compared. */
export interface Contender {
  readonly name: string;
  /** How many operations one call of `run` does; times are divided by it. */
  readonly operations: number;
  /** Does the work and returns a number that depends on all of it, so that none of it can be optimised away. */
  run(): number | Promise<number>;
}

/** What one contender took, in nanoseconds per operation. */
export interface Timing {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** This median divided by that of the first contender: how many times longer this one takes. */
  readonly ratio: number;
}

/** True when the bench was started with `--quick`: fewer rounds, smaller inputs. */
export const quick: boolean = process.argv.includes('--quick');

export interface CompareOptions {
  /** Timed rounds after one untimed; each round runs every contender once, in turn. Default 9, quick 3. */
  readonly rounds?: number;
  /** Demand that all contenders return the same number in every round, which shows that they did the same work. */
  readonly agree?: boolean;
}

/**
 * Times the contenders in interleaved rounds, prints medians, spread and ratios to the first one, and returns them.
 * Throws when `agree` is asked for and results differ.
 */
export async function compare(
  title: string,
  contenders: readonly Contender[],
  { rounds = quick ? 3 : 9, agree = false }: CompareOptions = {},
): Promise<Timing[]> {
  const samples = contenders.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    const results: number[] = [];
    for (const [i, contender] of contenders.entries()) {
      const start = performance.now();
      results.push(await contender.run());
      const elapsed = performance.now() - start;
      if (round > 0) samples[i]!.push((elapsed * 1e6) / contender.operations);
    }
    const difference = results.findIndex((result) => result !== results[0]);
    if (results.some(Number.isNaN)) throw new Error(`${title}: a contender returned no number`);
    if (agree && difference > 0) {
      const [first, other] = [contenders[0]!, contenders[difference]!];
      throw new Error(
        `${title}: ${first.name} says ${results[0]}, ${other.name} says ${results[difference]}`,
      );
    }
  }
  const baseline = median(samples[0] ?? []);
  const timings = contenders.map(({ name }, i) => {
    const times = samples[i]!;
    const middle = median(times);
    return {
      name,
      median: middle,
      min: Math.min(...times),
      max: Math.max(...times),
      ratio: middle / baseline,
    };
  });
  print(title, rounds, timings);
  return timings;
}

/** Returns the middle of the values, the mean of both middles for an even number, NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Returns nanoseconds as text with a unit, three digits. */
export function duration(nanoseconds: number): string {
  const units = ['ns', 'µs', 'ms', 's'];
  const step = Math.max(0, Math.min(3, Math.floor(Math.log10(nanoseconds) / 3)));
  return `${(nanoseconds / 1000 ** step).toPrecision(3)} ${units[step]}`;
}

function print(title: string, rounds: number, timings: readonly Timing[]): void {
  console.log(`\n${title} (per operation: median of ${rounds} rounds, min .. max, × the first)`);
  const widest = Math.max(...timings.map(({ name }) => name.length));
  for (const { name, median: middle, min, max, ratio } of timings) {
    const spread = `${duration(min)} .. ${duration(max)}`;
    console.log(
      `  ${name.padEnd(widest)}  ${duration(middle).padStart(9)}  ${spread.padStart(22)}  ×${ratio.toPrecision(3)}`,
    );
  }
}
