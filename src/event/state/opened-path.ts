import { pathBelow } from '../path.ts';
import type { RawEvent } from '../raw-event.ts';
import { baseDirectory, pathPlaces } from './base-directory.ts';
import { type Descriptor, fileDescriptor } from './descriptor.ts';
import type { Thread } from './thread.ts';

/** Calls that open a file by its path. */
const places = pathPlaces({
  open: ['name'],
  openat: ['name', 'dirfd'],
  openat2: ['name', 'dirfd'],
  creat: ['name'],
});

/**
 * Returns the path that a call was to open, links in it not followed, as Falco tells files: whole and as it was given; undefined for
 * other calls and where the path is not known.
 */
export function openedPath(
  raw: RawEvent,
  thread: Thread,
): { readonly name: string; readonly rawName: string } | undefined {
  const place = places[raw.type];
  const rawName = place && raw.params[place.path];
  if (typeof rawName !== 'string' || place === undefined) return undefined;
  return { name: pathBelow(baseDirectory(raw, place, thread), rawName), rawName };
}

/** Returns a file that could not be opened: it has its name all the same. */
export function failedOpen(raw: RawEvent, thread: Thread): Descriptor | undefined {
  const path = openedPath(raw, thread);
  return path && fileDescriptor('file', path.name, path.rawName);
}
