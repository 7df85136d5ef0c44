/** What became of one file. */
export interface FlowInputCounts {
  readonly name: string;
  /** Id of the log's format, `capture`, `exports` or `service-log`. */
  readonly format: string;
  /** Lines of a log, records of a capture. */
  readonly records: number;
  readonly flows: number;
  /** What lines of a log of services told, refused packets (which are flows too) among it; absent for all else. */
  readonly observations?: number;
  /** Of `flows`: those of traffic that another record tells as well, left out. */
  readonly toldTwice: number;
  /** What is no flow, and what could not be read, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  /** The first problems in words. */
  readonly problems: readonly string[];
}

/** Counts by name, those of the same name added up, without those that are 0. */
export function positive(counts: readonly (readonly [string, number])[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of counts) if (count > 0) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
