/**
 * Runs a case and returns what it took, in milliseconds of processor time of this thread: on a busy machine a case may stand
 * still for long. Throws what the case throws, and when it took more than `limitMs`.
 */
export function limited(limitMs: number, run: () => void): number {
  const begun = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(begun);
  const took = (user + system) / 1000;
  if (took > limitMs) throw new Error(`took ${took.toFixed(0)} ms, more than ${limitMs}`);
  return took;
}
