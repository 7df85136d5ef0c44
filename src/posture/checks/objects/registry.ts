import type { Check } from '../definition.ts';
import { controlUnread } from './control-unread.ts';
import { duplicateObject } from './duplicate-object.ts';
import { keyFileMode } from './key-file-mode.ts';
import { keyInManifest } from './key-in-manifest.ts';
import { subPathUpdates } from './sub-path-updates.ts';

/** Checks over objects as such: whether they are there once, and where they are needed. */
export const objectChecks: readonly Check[] = [
  duplicateObject,
  controlUnread,
  keyInManifest,
  keyFileMode,
  subPathUpdates,
];
