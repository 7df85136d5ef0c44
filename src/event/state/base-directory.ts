import { eventTypes, parameterIndex } from '../event-types.ts';
import { integerOf } from '../integer.ts';
import type { RawEvent } from '../raw-event.ts';
import type { Thread } from './thread.ts';

/** `AT_FDCWD` (fcntl.h): below the current directory. */
const currentDirectory = -100;

/** Where events of one type keep a path, and the descriptor of the directory that it is relative to; -1 for none. */
export interface PathPlace {
  readonly path: number;
  readonly directory: number;
}

/** Returns where a type keeps the path of one name, relative to the directory of another; undefined when it has no such path. */
export function pathPlace(type: number, path: string, directory?: string): PathPlace | undefined {
  const index = parameterIndex(type, path);
  if (index === undefined) return undefined;
  const base = directory === undefined ? undefined : parameterIndex(type, directory);
  return { path: index, directory: base ?? -1 };
}

/** Returns the places of a path by type of event, for the names that types give it. */
export function pathPlaces(
  places: Readonly<Record<string, readonly [path: string, directory?: string]>>,
): readonly (PathPlace | undefined)[] {
  return eventTypes.map((name, type) => {
    const place = places[name];
    return place && pathPlace(type, ...place);
  });
}

/**
 * Returns the directory below which a path among the parameters stands where it is relative: as the sensor saw it, else the current
 * one or the one that another parameter names; empty where that is not known.
 */
export function baseDirectory(
  { params, observed }: RawEvent,
  { path, directory }: PathPlace,
  thread: Thread,
): string {
  const seen = observed?.bases?.[path];
  if (seen !== undefined) return seen;
  const fd = directory < 0 ? undefined : integerOf(params[directory]);
  if (fd === undefined || fd === currentDirectory) return thread.cwd;
  return thread.descriptors.get(fd)?.name ?? '';
}
