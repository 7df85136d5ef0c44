import type { Span } from '../../../diagnostic/diagnostic.ts';

import { AddressSet } from '../../../net/address-set.ts';
import { formatPrefix, type Prefix, parsePrefix } from '../../../net/prefix.ts';
import { type ReachEnd, reachEndText } from '../../../posture/reach/end.ts';

/** A row or column of the matrix as outputs show it. */
export interface EndRecord {
  /** In the order of appearance, from 0. */
  readonly index: number;
  /** Unique in one output: the name, ranges of addresses in their shortest words, `Kind/name` where two share a name. */
  readonly id: string;
  readonly kind: ReachEnd['kind'];
  readonly namespace: string | undefined;
  /** Kind of the workload's object. */
  readonly workloadKind: string | undefined;
  readonly range: AddressSet | undefined;
  /** Where it is declared. */
  readonly span: Span | undefined;
}

/** Gives every end of a matrix its record, the same one for the same end. */
export class EndTable {
  readonly records: EndRecord[] = [];
  /** By what identifies the end: a workload or set object, or the text of the others. */
  readonly #known = new Map<unknown, EndRecord>();
  readonly #ids = new Set<string>();

  of(end: ReachEnd): EndRecord {
    const key = keyOf(end);
    let record = this.#known.get(key);
    if (record !== undefined) return record;
    // Two sets of the same addresses are one end.
    const text = end.kind === 'external' ? `external ${reachEndText(end)}` : undefined;
    record = text === undefined ? undefined : this.#known.get(text);
    if (record === undefined) {
      record = this.#add(end);
      if (text !== undefined) this.#known.set(text, record);
    }
    this.#known.set(key, record);
    return record;
  }

  #add(end: ReachEnd): EndRecord {
    const index = this.records.length;
    const workload = end.kind === 'workload' ? end.workload : undefined;
    const range = end.kind === 'external' ? end.range : undefined;
    const name = range === undefined ? reachEndText(end) : rangeText(range);
    const record: EndRecord = {
      index,
      id: this.#free(name, end),
      kind: end.kind,
      namespace: workload?.namespace.name,
      workloadKind: workload?.kind,
      range,
      span: workload?.source.span ?? (end.kind === 'entry' ? end.span : undefined),
    };
    this.records.push(record);
    return record;
  }

  #free(name: string, end: ReachEnd): string {
    let id = name;
    if (this.#ids.has(id)) id = `${end.kind === 'workload' ? end.workload.kind : end.kind}/${name}`;
    for (let number = 2; this.#ids.has(id); number++) id = `${name} (${number})`;
    this.#ids.add(id);
    return id;
  }
}

function keyOf(end: ReachEnd): unknown {
  if (end.kind === 'workload') return end.workload;
  return end.kind === 'external' ? end.range : `${end.kind} ${end.text}`;
}

const families = ['0.0.0.0/0', '::/0'].map((text) => AddressSet.ofPrefixes([parsePrefix(text) as Prefix]));

/** Returns the set in the fewest words: its prefixes, or a whole family and what is missing, e.g. `0.0.0.0/0 but 10.0.0.0/8`. */
export function rangeText(range: AddressSet): string {
  const parts = families.flatMap((family) => {
    const inside = range.intersect(family).prefixes().map(formatPrefix);
    const missing = family.subtract(range).prefixes().map(formatPrefix);
    if (inside.length <= missing.length + 1) return inside.length === 0 ? [] : [inside.join(', ')];
    return [`${family} but ${missing.join(', ')}`];
  });
  return parts.join(', ') || 'none';
}

/** Returns the name of a workload beside which its namespace stands. */
export function withoutNamespace(id: string, namespace: string | undefined): string {
  return namespace !== undefined && id.startsWith(`${namespace}/`) ? id.slice(namespace.length + 1) : id;
}
