import { computed, signal } from '@preact/signals';
import type { FlowJson } from '../../../src/flow/json.ts';
import { findFlow } from './flows.ts';
import { endsKey } from './judgement.ts';
import { selectedFlow } from './view.ts';

/** The selected flow as it was when it was selected: it stays readable when it leaves the table. */
const kept = signal<FlowJson | undefined>(undefined);

/** The flow in the side panel: as it is now, or as it last was here. */
export const selection = computed<FlowJson | undefined>(() => {
  const id = selectedFlow.value;
  if (id === undefined) return undefined;
  return findFlow(id) ?? (kept.value?.id === id ? kept.value : undefined);
});

/** Key of the ends of the selected flow; rows with the same are emphasised. */
export const selectedEnds = computed(() => selection.value && endsKey(selection.value));

/** Shows `flow` in the side panel. */
export function selectFlow(flow: FlowJson): void {
  kept.value = flow;
  selectedFlow.value = flow.id;
}

/** Closes the side panel. */
export function clearSelection(): void {
  selectedFlow.value = undefined;
  kept.value = undefined;
}
