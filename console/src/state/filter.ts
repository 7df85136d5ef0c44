import { computed } from '@preact/signals';
import type { FlowJson } from '../../../src/flow/json.ts';
import { filterText } from './view.ts';

/** The filter as it stands. */
export interface Filter {
  readonly validity: 'none' | 'valid' | 'invalid';
  /** What is wrong with the text, and where. */
  readonly message: string;
  /** Text of the filter that is in force: the last valid one. */
  readonly applied: string;
  /** Undefined when everything passes. */
  readonly matches: ((flow: FlowJson) => boolean) | undefined;
}
const nothing: Filter = { validity: 'none', message: '', applied: '', matches: undefined };
export const filter = computed<Filter>(() => nothing);
export function narrowings(_flow: FlowJson): { label: string; filter: string }[] {
  return [];
}
export const filterHelp: { example: string; meaning: string }[] = [];
filterText.value;
