import type { Incident } from '../../incident/incident.ts';
import type { StoreReader } from '../../store/reader.ts';
import type { Query } from '../../store/store.ts';
import { FailedError, UsageError } from '../command.ts';

/** Rows that are read at a time, and looked at for the beginning of an id. */
const [pageSize, maxLooked] = [200, 10_000];

/** The fewest characters of an id that stand for one. */
const leastId = 4;

/** Returns an id as lists show it: the beginning of those that are long. */
export function shortId(id: string): string {
  return /^[0-9a-f]{8}-/.test(id) ? id.slice(0, 8) : id;
}

/** Returns the incidents that changed last and that `matches` holds for, at most `limit`. */
export function storedIncidents(
  store: StoreReader,
  query: Omit<Query, 'limit' | 'before'>,
  limit: number,
  matches: (incident: Incident) => boolean,
): Incident[] {
  const found: Incident[] = [];
  for (let before: number | undefined, looked = 0; looked < maxLooked; looked += pageSize) {
    const rows = store.incidents({ ...query, limit: pageSize, ...(before !== undefined && { before }) });
    for (const { row, value } of rows) {
      before = row;
      if (matches(value) && found.length < limit) found.push(value);
    }
    if (rows.length < pageSize || found.length >= limit) break;
  }
  return found;
}

/** Returns the incident of that id, or the only one whose id begins like that. Throws UsageError and FailedError. */
export function findIncident(store: StoreReader, id: string): Incident {
  const exact = store.incident(id);
  if (exact !== undefined) return exact;
  return onlyOne(
    id,
    id.length < leastId ? [] : storedIncidents(store, {}, 5, (one) => one.id.startsWith(id)),
  );
}

/** Returns the only one of what was found for the beginning of an id. Throws UsageError where there are several, FailedError where there is none. */
export function onlyOne<T extends { readonly id: string }>(id: string, found: readonly T[]): T {
  const [one, ...others] = found;
  if (one === undefined)
    throw new FailedError(`there is no incident ${id}`, 'picket incidents list --all shows all of them');
  if (others.length > 0)
    throw new UsageError(
      `several incidents begin with ${id}`,
      `write more of the id: ${found.map((incident) => incident.id).join(', ')}`,
    );
  return one;
}
