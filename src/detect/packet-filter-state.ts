/** What the table of a machine that Picket keeps was found to be, when the kernel was asked. */
export interface PacketFilterState {
  /** Event time, ms since the epoch. */
  readonly at: number;
  /** Name of the machine. */
  readonly machine: string;
  /** Number of the change that made the table what it should be, and when that was confirmed (RFC 3339). */
  readonly change: number;
  readonly confirmedAt: string;
  /** Digest of the rules as they are, and as they should be. Counters and elements of sets are not in it. */
  readonly digest: string;
  readonly expected: string;
  /** Whether there is no such table at all. */
  readonly isGone: boolean;
}
