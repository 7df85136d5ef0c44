import { Draft } from './draft.ts';
import { finished } from './finish.ts';
import type { Incident } from './incident.ts';

/** What a person does with an incident. */
export interface IncidentAction {
  readonly kind: 'acknowledge' | 'resolve' | 'reopen' | 'note';
  /** ms since the epoch. */
  readonly at: number;
  /** Who, as they call themselves. */
  readonly by?: string;
  /** The note; of others why, which a false positive must say. */
  readonly text?: string;
  /** Of `resolve`: it was none. */
  readonly falsePositive?: boolean;
}

/** Most characters of a note or reason, and of a name. */
export const maxNote = 2_000;
export const maxBy = 100;

/** Does what is asked for, and returns nothing; or returns in words why that cannot be done, and does nothing. */
export function applyAction(draft: Draft, action: IncidentAction): string | undefined {
  const problem = problemOf(draft, action);
  if (problem !== undefined) return problem;
  const { at } = action;
  const by = action.by?.slice(0, maxBy);
  const text = action.text?.slice(0, maxNote);
  const signed = { at, ...(by !== undefined && { by }) };
  const whose = by === undefined ? '' : ` by ${by}`;
  const because = text === undefined ? '' : `: ${text}`;
  if (action.kind === 'note') {
    draft.addNote({ ...signed, text: text ?? '' });
    draft.addLines([{ at, kind: 'note', text: `note${whose}${because}` }]);
    return undefined;
  }
  if (action.kind === 'resolve') {
    draft.state = 'resolved';
    draft.resolution =
      action.falsePositive === true
        ? { kind: 'false-positive', ...signed, reason: text ?? '' }
        : { kind: 'resolved', ...signed, ...(text !== undefined && { reason: text }) };
  } else {
    draft.state = action.kind === 'acknowledge' ? 'acknowledged' : 'reopened';
    draft.resolution = undefined;
  }
  const done = action.falsePositive === true ? 'resolved as a false positive' : draft.state;
  draft.addLines([{ at, kind: 'state', text: `${done}${whose}${because}` }]);
  return undefined;
}

/** Returns what a stored incident is after an action, or in words why that cannot be done. */
export function acted(incident: Incident, action: IncidentAction): Incident | string {
  const draft = Draft.from(incident);
  return applyAction(draft, action) ?? finished(draft);
}

function problemOf(
  { state, resolution }: Draft,
  { kind, text, falsePositive }: IncidentAction,
): string | undefined {
  if (resolution?.kind === 'merged') return `it is one with ${resolution.into}: act on that`;
  if (kind === 'note') return text === undefined || text.trim() === '' ? 'a note needs a text' : undefined;
  if (kind === 'resolve') {
    if (state === 'resolved') return 'it is resolved already';
    const isReasoned = text !== undefined && text.trim() !== '';
    return falsePositive === true && !isReasoned ? 'a false positive needs a reason' : undefined;
  }
  if (kind === 'reopen') return state === 'resolved' ? undefined : `it is ${state}, not resolved`;
  if (state === 'resolved') return 'it is resolved: reopen it first';
  return state === 'acknowledged' ? 'it is acknowledged already' : undefined;
}
