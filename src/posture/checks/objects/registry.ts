import type { Check } from '../definition.ts';
import { duplicateObject } from './duplicate-object.ts';

/** Checks over objects as such: whether they are there once, and where they are needed. */
export const objectChecks: readonly Check[] = [duplicateObject];
