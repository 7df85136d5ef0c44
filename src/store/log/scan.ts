import { type Dimension, dimensions } from '../../flow/ask/dimension.ts';
import {
  bucketsBetween,
  compareGroups,
  distinctOf,
  type FlowAnswer,
  type FlowGroup,
  type FlowQuery,
  type FlowSums,
  restOf,
  seriesMetric,
} from '../../flow/ask/query.ts';
import { spread } from '../../flow/ask/spread.ts';
import type { FlowJson } from '../../flow/json.ts';
import { type Address, formatAddress, parseAddress } from '../../net/address.ts';
import { onlyEnd } from './by-end.ts';
import type { EndColumn, FlowColumns } from './columns.ts';
import { Sums, TupleIds, ValueIds } from './group-table.ts';
import { addUp } from './planes.ts';
import { facetValues, liesWithin, select, trafficEnds } from './select.ts';

/** Values of one dimension, groups, and pairs of a group and an end that a scan keeps apart. */
export interface ScanLimits {
  readonly values: number;
  readonly groups: number;
  readonly pairs: number;
}

const defaultLimits: ScanLimits = { values: 2_000_000, groups: 2_000_000, pairs: 8_000_000 };

/**
 * Rows are added up in slots: one for those that do not pass, one for those for which there was no room for one more group, then one for
 * each group.
 */
const skipped = 0;
const ungrouped = 1;
const firstGroup = 2;

/**
 * Answers a query over columns. {@link add} is called with all of them, then, when {@link beginSeries} says so,
 * {@link addSeries} with all of them again; then {@link answer}.
 */
export class FlowScan {
  readonly #query: FlowQuery;
  /** The one end that is looked at, if it is one. */
  readonly #end: EndColumn | undefined;
  readonly #values: readonly DimensionValues[];
  readonly #tuples: TupleIds | undefined;
  readonly #tuple: Uint32Array;
  readonly #flows = new Sums();
  readonly #sent = new Sums();
  readonly #received = new Sums();
  readonly #packets = new Sums();
  readonly #ends: readonly DistinctEnds[];
  /** Groups of a question that makes one group of all: 1 when there is any flow. */
  #whole = 0;
  #firstAt = Infinity;
  #lastAt = -Infinity;
  #told: readonly (FlowGroup & { readonly id: number })[] | undefined;
  #buckets: FlowAnswer['buckets'];
  #series: readonly Float64Array[] = [];
  /** Place among the told groups by group, or -1. */
  #places = new Int32Array(0);

  constructor(query: FlowQuery, limits: ScanLimits = defaultLimits) {
    this.#query = query;
    this.#end = onlyEnd(query);
    this.#values = query.by.map((dimension) => new DimensionValues(dimension, limits.values));
    this.#tuples = query.by.length > 1 ? new TupleIds(query.by.length, limits.groups) : undefined;
    this.#tuple = new Uint32Array(query.by.length);
    const distinct = distinctOf(query);
    this.#ends = [
      ...(distinct.sources ? [new DistinctEnds('sources', 'src', limits)] : []),
      ...(distinct.destinations ? [new DistinctEnds('destinations', 'dst', limits)] : []),
    ];
  }

  add(all: FlowColumns): void {
    const columns = this.#shortestOf(all);
    const slots = this.#slotsOf(columns);
    if (slots === undefined) return;
    // Whatever cannot be read has to fail before anything was added.
    for (const name of ['sentBytes', 'receivedBytes', 'sentPackets', 'receivedPackets'] as const)
      if (columns.planes?.(name) === undefined) columns.numbers(name);
    const times =
      this.#query.bucket === undefined ? undefined : [columns.numbers('openedAt'), trafficEnds(columns)];
    for (const { reads } of this.#ends) columns.ends(reads);
    const { weights } = columns;
    const count = this.#groupCount + firstGroup;
    const flows = this.#flows.upTo(count);
    if (weights === undefined) for (let i = 0; i < slots.length; i++) flows[slots[i]!]! += 1;
    else for (let i = 0; i < slots.length; i++) flows[slots[i]!]! += weights[i]!;
    addUp(columns, 'sentBytes', slots, this.#sent.upTo(count));
    addUp(columns, 'receivedBytes', slots, this.#received.upTo(count));
    addUp(columns, 'sentPackets', slots, this.#packets.upTo(count));
    addUp(columns, 'receivedPackets', slots, this.#packets.upTo(count));
    for (const ends of this.#ends) ends.add(columns, slots);
    if (times === undefined) return;
    const [opened, ended] = times as [Float64Array, Float64Array];
    for (let i = 0; i < slots.length; i++) {
      if (slots[i] === skipped) continue;
      if (opened[i]! < this.#firstAt) this.#firstAt = opened[i]!;
      if (ended[i]! > this.#lastAt) this.#lastAt = ended[i]!;
    }
  }

  /** The sums by end where they say as much as the flows. */
  #shortestOf(columns: FlowColumns): FlowColumns {
    const { since = -Infinity, until = Infinity } = this.#query;
    if (this.#end === undefined || !liesWithin(columns, since, until)) return columns;
    return columns.byEnd?.(this.#end) ?? columns;
  }

  /** True when the columns have to be shown again, for the series of the groups that are told. Throws TooManyBuckets. */
  beginSeries(): boolean {
    const { bucket } = this.#query;
    const told = this.#tell();
    if (bucket === undefined || told.length === 0) return false;
    const buckets = bucketsBetween(this.#firstAt, this.#lastAt, bucket);
    this.#buckets = buckets;
    this.#places = new Int32Array(this.#groupCount).fill(-1);
    for (const [place, { id }] of told.entries()) this.#places[id] = place;
    this.#series = told.map(() => new Float64Array(buckets.count));
    return true;
  }

  addSeries(columns: FlowColumns): void {
    const slots = this.#slotsOf(columns);
    if (slots === undefined || this.#buckets === undefined) return;
    const { start, step } = this.#buckets;
    const metric = seriesMetric(this.#query.order);
    const amounts = amountsOf(columns, metric);
    const opened = columns.numbers('openedAt');
    const ended = metric === 'flows' ? opened : trafficEnds(columns);
    for (let i = 0; i < slots.length; i++) {
      const group = slots[i]! - firstGroup;
      // A group may have come after the first pass, when an agent writes meanwhile.
      const place = group < 0 || group >= this.#places.length ? -1 : this.#places[group]!;
      if (place < 0) continue;
      const series = this.#series[place]!;
      for (const amount of amounts) {
        spread(opened[i]!, ended[i]!, amount(i), step, (bucket, share) => {
          const index = (bucket - start) / step;
          if (index >= 0 && index < series.length) series[index]! += share;
        });
      }
    }
  }

  answer(): FlowAnswer {
    const told = this.#tell();
    const total = this.#total();
    return {
      groups: told.map(({ id: _, ...group }, place) => ({
        ...group,
        ...(this.#buckets && { series: [...this.#series[place]!] }),
      })),
      count: this.#groupCount,
      total,
      rest: restOf(total, told),
      ungrouped: this.#flows.at(ungrouped),
      ...(this.#buckets && { buckets: this.#buckets }),
      from: 'flows',
      damaged: 0,
    };
  }

  /** Over all that pass, also those that are in no group. */
  #total(): FlowSums {
    const [flows, sent, received, packets] = [this.#flows, this.#sent, this.#received, this.#packets].map(
      (sums) => sums.total(ungrouped),
    ) as [number, number, number, number];
    return { flows, packets, bytes: sent + received, sent, received };
  }

  get #groupCount(): number {
    if (this.#tuples !== undefined) return this.#tuples.count;
    return this.#values[0]?.count ?? this.#whole;
  }

  #tell(): readonly (FlowGroup & { readonly id: number })[] {
    this.#told ??= this.#top();
    return this.#told;
  }

  #top(): readonly (FlowGroup & { readonly id: number })[] {
    const { order, top } = this.#query;
    const compare = compareGroups(order);
    const metric = (id: number): number => this.#metric(id);
    const count = this.#groupCount;
    // Only those that can be among the first are made into objects: at least as large as the `top`-th.
    const least = count > top ? nthLargest(count, metric, top) : -Infinity;
    const first: (FlowGroup & { id: number })[] = [];
    for (let id = 0; id < count; id++) if (metric(id) >= least) first.push(this.#group(id));
    return first.sort(compare).slice(0, top);
  }

  #metric(id: number): number {
    const slot = id + firstGroup;
    switch (this.#query.order) {
      case 'flows':
        return this.#flows.at(slot);
      case 'packets':
        return this.#packets.at(slot);
      case 'sent':
        return this.#sent.at(slot);
      case 'received':
        return this.#received.at(slot);
      case 'bytes':
        return this.#sent.at(slot) + this.#received.at(slot);
      default:
        return this.#ends.find(({ name }) => name === this.#query.order)!.counts.at(slot);
    }
  }

  #group(id: number): FlowGroup & { id: number } {
    const key = this.#values.map((values, position) =>
      values.text(this.#tuples === undefined ? id : this.#tuples.member(id, position)),
    );
    const slot = id + firstGroup;
    const [sent, received] = [this.#sent.at(slot), this.#received.at(slot)];
    return {
      id,
      key,
      flows: this.#flows.at(slot),
      packets: this.#packets.at(slot),
      bytes: sent + received,
      sent,
      received,
      ...Object.fromEntries(this.#ends.map(({ name, counts }) => [name, counts.at(slot)])),
    };
  }

  /** Returns the slot of each row; undefined when none passes. */
  #slotsOf(columns: FlowColumns): Int32Array | undefined {
    const { filter = { kind: 'all' }, since = -Infinity, until = Infinity } = this.#query;
    const mask = select(columns, filter, since, until);
    if (mask !== undefined && !mask.includes(1)) return undefined;
    const slots = new Int32Array(columns.rows);
    const [only, ...others] = this.#values;
    if (only === undefined) {
      if (slots.length > 0) this.#whole = 1;
      for (let i = 0; i < slots.length; i++) slots[i] = mask?.[i] === 0 ? skipped : firstGroup;
      return slots;
    }
    const resolvers = this.#values.map((values) => values.over(columns));
    if (others.length > 0) this.#ofTuples(slots, mask, resolvers);
    else ofValues(slots, mask, resolvers[0]!);
    return slots;
  }

  /** Sets the slot of the values of all dimensions. */
  #ofTuples(slots: Int32Array, mask: Uint8Array | undefined, resolvers: readonly Resolver[]): void {
    const slotOf = (i: number): number => {
      for (let position = 0; position < resolvers.length; position++) {
        const { codes, ids, resolve } = resolvers[position]!;
        const code = codes[i]!;
        const known = ids[code]!;
        const id = known === unresolved ? resolve(code) : known;
        if (id < 0) return ungrouped;
        this.#tuple[position] = id;
      }
      return this.#tuples!.of(this.#tuple) + firstGroup;
    };
    const combinations = resolvers.reduce((product, { ids }) => product * ids.length, 1);
    if (combinations > maxCombinations) {
      for (let i = 0; i < slots.length; i++) if (mask?.[i] !== 0) slots[i] = slotOf(i);
      return;
    }
    // Few enough to look each combination up once. Where a row's one stands is found dimension by dimension.
    const places = new Uint32Array(slots.length);
    for (const { codes, ids } of resolvers) {
      const count = ids.length;
      for (let i = 0; i < places.length; i++) places[i] = places[i]! * count + codes[i]!;
    }
    const known = new Int32Array(combinations).fill(unresolved);
    for (let i = 0; i < slots.length; i++) {
      if (mask?.[i] === 0) continue;
      const place = places[i]!;
      let slot = known[place]!;
      if (slot === unresolved) {
        slot = slotOf(i);
        known[place] = slot;
      }
      slots[i] = slot;
    }
  }
}

/** Sets the slot of the value of the only dimension. An id of -1, no room, makes the slot of those in no group. */
function ofValues(slots: Int32Array, mask: Uint8Array | undefined, { codes, ids, resolve }: Resolver): void {
  for (let i = 0; i < slots.length; i++) {
    if (mask?.[i] === 0) continue;
    const code = codes[i]!;
    const id = ids[code]!;
    slots[i] = (id === unresolved ? resolve(code) : id) + firstGroup;
  }
}

/** Most combinations of values in one set of columns for which a table is made. */
const maxCombinations = 1 << 20;

/** Not looked up yet. */
const unresolved = -3;

/** The ids of the codes of one set of columns. */
interface Resolver {
  readonly codes: ArrayLike<number>;
  readonly ids: Int32Array;
  /** Looks up the id of a code, and notes it in `ids`. */
  readonly resolve: (code: number) => number;
}

/** The values of one dimension over all columns. */
class DimensionValues {
  readonly #dimension: Dimension;
  readonly #ids: ValueIds;

  constructor(dimension: Dimension, limit: number) {
    this.#dimension = dimension;
    this.#ids = new ValueIds(limit, (family, a, b, c, d) =>
      formatAddress({ family: family === 4 ? 4 : 6, a, b, c, d } as Address),
    );
  }

  get count(): number {
    return this.#ids.count;
  }

  text(id: number): string {
    return this.#ids.text(id);
  }

  over(columns: FlowColumns): Resolver {
    const { reads, of, step } = this.#dimension;
    if (reads === 'source' || reads === 'destination') return this.#overEnds(columns, reads);
    if (reads === 'destinationPort') {
      const { codes, starts } = portsOf(columns);
      return this.#resolver(codes, starts.length, (code) => String(starts[code]!));
    }
    if (step !== undefined) {
      const { codes, starts } = spans(columns.numbers('openedAt'), step);
      return this.#resolver(codes, starts.length, (code) =>
        of({ openedAt: starts[code]! } as Partial<FlowJson> as FlowJson),
      );
    }
    const { codes, count, flow } = facetValues(columns, reads as Parameters<typeof facetValues>[1]);
    return this.#resolver(codes, count, (code) => of(flow(code)));
  }

  #resolver(codes: ArrayLike<number>, count: number, text: (code: number) => string): Resolver {
    const ids = new Int32Array(count).fill(unresolved);
    return {
      codes,
      ids,
      resolve: (code) => {
        const id = this.#ids.ofText(text(code));
        ids[code] = id;
        return id;
      },
    };
  }

  /** Most ends are told apart by address alone: those need no text. */
  #overEnds(columns: FlowColumns, reads: EndColumn): Resolver {
    const ends = columns.ends(reads);
    const { codes, family, lanes, identityCodes, identities } = ends;
    const nameless = identities.indexOf('');
    const { name, of } = this.#dimension;
    const byAddress = name.endsWith('-address');
    const named = name === 'src' || name === 'dst';
    const ids = new Int32Array(family.length).fill(unresolved);
    const values = facetValues(columns, reads);
    const resolve = (code: number): number => {
      const at = code * 4;
      const id =
        byAddress || (named && identityCodes[code] === nameless)
          ? this.#ids.ofAddress(family[code]!, lanes[at]!, lanes[at + 1]!, lanes[at + 2]!, lanes[at + 3]!)
          : this.#ofEndText(of(values.flow(code)));
      ids[code] = id;
      return id;
    };
    return { codes, ids, resolve };
  }

  /** A text that writes an address is the same value as that address. */
  #ofEndText(text: string): number {
    const address = parseAddress(text);
    if (address === undefined || formatAddress(address) !== text) return this.#ids.ofText(text);
    const { family, a, b, c, d } = address;
    return this.#ids.ofAddress(family, a, b, c, d);
  }
}

/** Counts the distinct ends of each group. */
class DistinctEnds {
  readonly name: 'sources' | 'destinations';
  readonly reads: EndColumn;
  readonly counts = new Sums();
  readonly #values: DimensionValues;
  readonly #pairs: TupleIds;
  readonly #pair = new Uint32Array(2);

  constructor(name: 'sources' | 'destinations', dimension: 'src' | 'dst', limits: ScanLimits) {
    this.name = name;
    this.reads = name === 'sources' ? 'source' : 'destination';
    this.#values = new DimensionValues(dimensions.get(dimension)!, limits.values);
    this.#pairs = new TupleIds(2, limits.pairs);
  }

  add(columns: FlowColumns, slots: Int32Array): void {
    const { codes, ids, resolve } = this.#values.over(columns);
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      if (slot < firstGroup) continue;
      const code = codes[i]!;
      const id = ids[code] === unresolved ? resolve(code) : ids[code]!;
      this.#pair[0] = slot;
      this.#pair[1] = id;
      const before = this.#pairs.count;
      this.#pairs.of(this.#pair);
      if (this.#pairs.count > before) this.counts.add(slot, 1);
    }
  }
}

/** The spans of `step` in which the numbers lie: which one for each, and where each begins. */
function spans(at: Float64Array, step: number): { codes: Uint32Array; starts: number[] } {
  const known = new Map<number, number>();
  const starts: number[] = [];
  const codes = new Uint32Array(at.length);
  // Neighbours are mostly in the same one.
  let [from, to, last] = [Infinity, -Infinity, 0];
  for (let i = 0; i < at.length; i++) {
    const value = at[i]!;
    if (!(value >= from && value < to)) {
      from = Math.floor(value / step) * step;
      to = from + step;
      last = known.get(from) ?? starts.length;
      if (last === starts.length) {
        known.set(from, last);
        starts.push(from);
      }
    }
    codes[i] = last;
  }
  return { codes, starts };
}

const portCount = 65_536;

/** The distinct destination ports: which one for each row, and their numbers. */
function portsOf(columns: FlowColumns): { codes: Uint32Array; starts: number[] } {
  const planes = columns.planes?.('destinationPort');
  if (planes === undefined || planes.width > 2 || planes.absent)
    return spans(columns.numbers('destinationPort'), 1);
  const { bytes, width, base } = planes;
  const codes = new Uint32Array(columns.rows);
  const known = new Int32Array(portCount).fill(-1);
  const starts: number[] = [];
  for (let i = 0; i < codes.length; i++) {
    const raw = width === 1 ? bytes[i]! : bytes[i]! | (bytes[codes.length + i]! << 8);
    let code = known[raw]!;
    if (code < 0) {
      code = starts.push(raw + base) - 1;
      known[raw] = code;
    }
    codes[i] = code;
  }
  return { codes, starts };
}

/** What each row adds to a sum, one way and the other. */
function amountsOf(columns: FlowColumns, metric: keyof FlowSums): readonly ((row: number) => number)[] {
  const { weights } = columns;
  if (metric === 'flows') return [weights === undefined ? () => 1 : (row) => weights[row]!];
  const names = {
    sent: ['sentBytes'],
    received: ['receivedBytes'],
    bytes: ['sentBytes', 'receivedBytes'],
    packets: ['sentPackets', 'receivedPackets'],
  } as const;
  return names[metric].map((name) => {
    const values = columns.numbers(name);
    return (row) => values[row]! || 0;
  });
}

/** Returns the `n`-th largest of `count` numbers: by a heap of the `n` largest so far. */
function nthLargest(count: number, value: (index: number) => number, n: number): number {
  const heap = new Float64Array(n);
  const size = n;
  const sink = (at: number): void => {
    for (;;) {
      const left = 2 * at + 1;
      if (left >= size) return;
      const child = left + 1 < size && heap[left + 1]! < heap[left]! ? left + 1 : left;
      if (heap[at]! <= heap[child]!) return;
      [heap[at], heap[child]] = [heap[child]!, heap[at]!];
      at = child;
    }
  };
  for (let i = 0; i < n; i++) heap[i] = value(i);
  for (let at = n >> 1; at >= 0; at--) sink(at);
  for (let i = n; i < count; i++) {
    const next = value(i);
    if (next <= heap[0]!) continue;
    heap[0] = next;
    sink(0);
  }
  return heap[0]!;
}
