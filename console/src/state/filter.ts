import { computed } from '@preact/signals';
import { type FilterKeyHelp, flowFilterKeys, parseFlowFilter } from '../../../src/flow/filter.ts';
import type { EndJson, FlowJson } from '../../../src/flow/json.ts';
import { filterText } from './view.ts';

/** The filter as it stands. */
export interface Filter {
  readonly validity: 'none' | 'valid' | 'invalid';
  /** What is wrong with the text and where; empty when nothing is. */
  readonly message: string;
  /** Text of the filter in force: the last valid one, so that the table does not jump while one types. */
  readonly applied: string;
  /** Undefined when everything passes. */
  readonly matches: ((flow: FlowJson) => boolean) | undefined;
}

const everything: Filter = { validity: 'none', message: '', applied: '', matches: undefined };
let lastValid = everything;

/** The filter that the text in the box makes. */
export const filter = computed<Filter>(() => {
  const text = filterText.value.trim();
  if (text === '') {
    lastValid = everything;
    return everything;
  }
  const result = parseFlowFilter(text, { now: Date.now() });
  if (!result.ok) {
    const [problem] = result.diagnostics;
    const place = problem?.span ? `Column ${problem.span.start.column}: ` : '';
    const help = problem?.help ? `; ${problem.help}` : '';
    return { ...lastValid, validity: 'invalid', message: `${place}${problem?.message}${help}` };
  }
  lastValid = { validity: 'valid', message: '', applied: text, matches: result.matches };
  return lastValid;
});

/** What can be asked for, for the help. */
export const filterKeys: readonly FilterKeyHelp[] = flowFilterKeys;

/** Returns filters that `flow` passes, each a little narrower than the table. */
export function narrowings(flow: FlowJson): readonly { readonly label: string; readonly filter: string }[] {
  const source = `src=${term(flow.source)}`;
  const destination = `dst=${term(flow.destination)}`;
  const port = `port=${flow.destination.port}`;
  return [
    { label: 'Same source', filter: source },
    { label: 'Same destination', filter: `${destination} and ${port}` },
    { label: 'Same pair', filter: `${source} and ${destination} and ${port}` },
  ];
}

/** The name of an end where the grammar takes it as it is, its address otherwise. */
function term(end: EndJson): string {
  const name = end.identity?.name;
  return name && end.identity.kind !== 'unknown' && /^[A-Za-z][\w./-]*$/.test(name) ? name : end.address;
}
