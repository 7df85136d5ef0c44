import { type Boundaries, everything, nothing } from './boundaries.ts';
import { IntegerSet, mergeRanges } from './integer-set.ts';
import { protocolName } from './protocol.ts';

const highestProtocol = 255;

/** An immutable set of IP protocol numbers, 0 to 255. */
export class ProtocolSet extends IntegerSet<ProtocolSet> {
  static readonly empty: ProtocolSet = new ProtocolSet(nothing);
  static readonly all: ProtocolSet = new ProtocolSet(everything(1));

  /** Throws a RangeError when any is not a protocol number. */
  static of(...protocols: readonly number[]): ProtocolSet {
    const ranges = protocols.map((number) => ({ from: number, to: number }));
    return new ProtocolSet(mergeRanges(ranges, highestProtocol));
  }

  /** Returns the protocols `from` to `to`, both inside. Throws a RangeError unless 0 ≤ from ≤ to ≤ 255. */
  static range(from: number, to: number): ProtocolSet {
    return new ProtocolSet(mergeRanges([{ from, to }], highestProtocol));
  }

  override readonly max = highestProtocol;

  protected override derive(boundaries: Boundaries): ProtocolSet {
    return new ProtocolSet(boundaries);
  }

  /** Returns names and ranges of numbers, e.g. `tcp,udp,131-140`; `none` for the empty set. */
  override toString(): string {
    if (this.isEmpty) return 'none';
    return this.ranges()
      .map(({ from, to }) => (from === to ? protocolName(from) : `${from}-${to}`))
      .join(',');
  }
}
