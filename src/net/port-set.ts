import { type Boundaries, everything, nothing } from './boundaries.ts';
import { type IntegerRange, IntegerSet, mergeRanges } from './integer-set.ts';

const highestPort = 65535;

/** An immutable set of TCP, UDP or SCTP ports, 0 to 65535. */
export class PortSet extends IntegerSet<PortSet> {
  static readonly empty: PortSet = new PortSet(nothing);
  static readonly all: PortSet = new PortSet(everything(1));

  /** Throws a RangeError for what is not a port number. */
  static of(port: number): PortSet {
    return PortSet.range(port, port);
  }

  /** Returns the ports `from` to `to`, both inside. Throws a RangeError unless 0 ≤ from ≤ to ≤ 65535. */
  static range(from: number, to: number): PortSet {
    return new PortSet(mergeRanges([{ from, to }], highestPort));
  }

  /** Returns the ports of several ranges. Throws a RangeError as {@link range} does. */
  static ofRanges(ranges: readonly IntegerRange[]): PortSet {
    return new PortSet(mergeRanges(ranges, highestPort));
  }

  /**
   * Returns the set that `text` writes as ports and ranges separated by commas, e.g. `80,443,8000-8100`, in any order,
   * or `none`; undefined for anything else. Blanks around ports are allowed.
   */
  static parse(text: string): PortSet | undefined {
    if (text.trim() === 'none') return PortSet.empty;
    const ranges: IntegerRange[] = [];
    for (const item of text.split(',')) {
      const [, low, high = low] = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(item) ?? [];
      if (low === undefined) return undefined;
      const [from, to] = [Number(low), Number(high)];
      if (from > to || to > highestPort) return undefined;
      ranges.push({ from, to });
    }
    return new PortSet(mergeRanges(ranges, highestPort));
  }

  override readonly max = highestPort;

  protected override derive(boundaries: Boundaries): PortSet {
    return new PortSet(boundaries);
  }

  /** Returns e.g. `80,443,8000-8100`; `none` for the empty set. */
  override toString(): string {
    if (this.isEmpty) return 'none';
    return this.ranges()
      .map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`))
      .join(',');
  }
}
