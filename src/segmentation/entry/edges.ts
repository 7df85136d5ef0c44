import type { Span } from '../../diagnostic/diagnostic.ts';
import type { Workload } from '../model.ts';
import type { Backend, Entry } from './model.ts';

/** A port of pods that an entry leads to. */
export interface EntryEdge {
  readonly entry: Entry;
  readonly workload: Workload;
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number;
  /** What no manifest tells though it decides whether the entry leads there; undefined when nothing is open. */
  readonly doubt: string | undefined;
  /** The place in the entry that names it. */
  readonly span: Span;
}

/** Returns where the entries lead, each pod port once per entry; a certain way goes before a doubtful one. */
export function entryEdges(entries: readonly Entry[]): EntryEdge[] {
  return entries.flatMap(edgesOf);
}

function edgesOf(entry: Entry): EntryEdge[] {
  const found = new Map<string, EntryEdge>();
  // Targets that name the same port of the same Service share one list of backends.
  const seen = new Set<readonly Backend[]>();
  const certainFirst = [...entry.targets].sort(
    (a, b) => Number(a.doubt !== undefined) - Number(b.doubt !== undefined),
  );
  for (const { backends, doubt: ofTarget, span } of certainFirst) {
    if (seen.has(backends)) continue;
    seen.add(backends);
    for (const { workload, protocol, port, doubt: own } of backends) {
      const key = `${workload.index}/${protocol}/${port}`;
      const doubt = ofTarget ?? own;
      const known = found.get(key);
      if (known === undefined || (known.doubt !== undefined && doubt === undefined)) {
        found.set(key, { entry, workload, protocol, port, doubt, span });
      }
    }
  }
  return [...found.values()];
}
