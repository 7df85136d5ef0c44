import type { Explanation } from '../../rules/compile/explain.ts';
import type { Style } from '../io.ts';
import { printable } from '../table.ts';

/** Returns an explanation as a tree; without `all` only the parts on which the answer hangs. */
export function explanationText(explanation: Explanation, style: Style, all: boolean): string {
  return lines(explanation, '', style, all).join('\n').concat('\n');
}

function lines(
  { kind, text, holds, decides, value, parts }: Explanation,
  indent: string,
  style: Style,
  all: boolean,
): string[] {
  if (!decides && !all) return [];
  const mark = holds ? style('green', '✓') : style('red', '✗');
  const dim = (shown: string) => (decides ? shown : style('dim', shown));
  if (value !== undefined) {
    const given =
      value.text === undefined ? 'the event has no such value' : `${value.field} is ${printable(value.text)}`;
    return [`${indent}${mark} ${dim(printable(text))}   ${style('dim', given)}`];
  }
  const head = `${indent}${mark} ${dim(kind === 'not' ? 'not' : kind === 'and' ? 'all of' : 'one of')}`;
  return [head, ...parts.flatMap((part) => lines(part, `${indent}  `, style, all))];
}
