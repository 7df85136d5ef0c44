import { parameterIndex } from '../event-types.ts';
import { integerOf } from '../integer.ts';
import type { RawEvent } from '../raw-event.ts';
import type { Thread } from './thread.ts';

/** `AT_FDCWD` (fcntl.h): below the current directory. */
const currentDirectory = -100;

/**
 * Returns the directory below which a path among the parameters stands where it is relative: as the sensor saw it, else the current
 * one or the one that another parameter names; empty where that is not known.
 */
export function baseDirectory(
  raw: RawEvent,
  path: string,
  directory: string | undefined,
  thread: Thread,
): string {
  const { type, params, observed } = raw;
  const seen = observed?.bases?.[parameterIndex(type, path) ?? -1];
  if (seen !== undefined) return seen;
  const index = directory === undefined ? undefined : parameterIndex(type, directory);
  const fd = index === undefined ? undefined : integerOf(params[index]);
  if (fd === undefined || fd === currentDirectory) return thread.cwd;
  return thread.descriptors.get(fd)?.name ?? '';
}
