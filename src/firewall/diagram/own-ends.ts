import type { Rule } from '../ruleset.ts';
import { always, never } from './diagrams.ts';
import type { Ends, Run } from './walk.ts';

/** What becomes of a packet in a chain. */
export type End = keyof Ends;

/** The end of a base chain is its policy. */
export function endOf(end: End, { chain }: Run): End {
  if (end !== 'back' || chain.base === undefined) return end;
  return chain.policy?.effect ?? 'accept';
}

/**
 * The ends of what a rule matches, and whether what comes back goes on with the next rule; undefined where it changes
 * packets or is not followed.
 */
export function ownEnds(run: Run, at: number): { readonly ends: Ends; readonly on?: 'next' } | undefined {
  const { rule } = run.rules[at]!;
  if (!mayGo(rule) && rule.target.effect !== 'jump' && rule.target.effect !== 'goto') return undefined;
  if (hasActions(rule)) return undefined;
  const nowhere = { accept: never, drop: never, back: never };
  switch (rule.target.effect) {
    case 'accept':
    case 'drop':
      return { ends: { ...nowhere, [rule.target.effect]: always } };
    case 'return':
      return { ends: { ...nowhere, [endOf('back', run)]: always } };
    default: {
      const called = run.calls.find((one) => one.rule === at)?.run;
      // Of a chain that was not walked with all packets it is not known what it does with others.
      if (called?.walked !== always) return undefined;
      if (rule.target.effect === 'jump') return { ends: called.ends, on: 'next' };
      const { accept, drop, back } = called.ends;
      if (endOf('back', run) === 'back') return { ends: { accept, drop, back } };
      return undefined;
    }
  }
}

/** Tells whether a rule does nothing but decide: what counts, logs, changes or leads elsewhere has a use of its own. */
export function mayGo(rule: Rule): boolean {
  const { effect, translation } = rule.target;
  if (hasActions(rule) || translation !== undefined) return false;
  return effect === 'accept' || effect === 'drop' || effect === 'return';
}

/** Tells whether a rule does something on the way to its target. */
export function hasActions({ actions }: Rule): boolean {
  return actions !== undefined && actions.length > 0;
}
