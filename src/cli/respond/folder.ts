import { dirname, join } from 'node:path';
import type { Io } from '../io.ts';
import { storePath } from '../state.ts';

/** Returns the folder of the audit log of responses, below that of the store. */
export function respondFolder(state: unknown, io: Io): string {
  return join(dirname(storePath(state, io)), 'respond');
}
