import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import { postureOf } from '../posture.fixture.ts';
import type { Posture } from '../posture.ts';
import type { Check } from './definition.ts';

/** One finding as a test wants to see it: the text under its span instead of positions. */
export interface Finding {
  readonly at: string;
  readonly message: string;
  readonly help: string | undefined;
}

/** Returns what a check finds in the manifests. */
export function findings(check: Check, text: string): Finding[] {
  const posture = postureOf(text);
  return check.run(posture).map((found) => ({
    at: textAt(posture, found),
    message: found.message,
    help: found.help,
  }));
}

/** Returns the manifests with the fix of the only finding applied. */
export function fixed(check: Check, text: string): string {
  const [found, second] = check.run(postureOf(text));
  if (found?.fix === undefined || second !== undefined) throw new Error('not one finding with a fix');
  const edits = [...found.fix.edits].sort((a, b) => b.span.start.offset - a.span.start.offset);
  return edits.reduce(
    (edited, { span, text: insertion }) =>
      edited.slice(0, span.start.offset) + insertion + edited.slice(span.end.offset),
    text,
  );
}

function textAt({ manifests }: Posture, { span }: Diagnostic): string {
  const text = span && manifests.sources.get(span.file);
  return text === undefined || span === undefined ? '' : text.slice(span.start.offset, span.end.offset);
}
