import type { EventSource, FieldValue } from '../../event/field.ts';
import type { Condition } from '../ast.ts';
import { printValue } from '../format/print-value.ts';
import { renderCondition, renderOperand } from '../syntax/render-condition.ts';
import { leafOf } from './leaf.ts';

/** What a condition says of one event, part by part. */
export interface Explanation {
  /** The part as text. */
  readonly text: string;
  readonly holds: boolean;
  /** Whether the whole hangs on this part: had it said otherwise, so would what is around it. */
  readonly decides: boolean;
  /** What the field gave, for a comparison; undefined when the event has none, which makes every comparison false. */
  readonly value?: { readonly field: string; readonly text: string | undefined };
  readonly kind: Condition['kind'];
  readonly parts: readonly Explanation[];
}

/** Returns how a condition comes to its answer for an event. Every part is evaluated, also where the answer is known before. */
export function explainCondition<E>(condition: Condition, source: EventSource<E>, event: E): Explanation {
  return explain(condition, source, event, true);
}

function explain<E>(condition: Condition, source: EventSource<E>, event: E, decides: boolean): Explanation {
  const text = renderCondition(condition);
  const { kind } = condition;
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const plain = condition.terms.map((term) => explain(term, source, event, false).holds);
      const holds = condition.kind === 'and' ? plain.every(Boolean) : plain.some(Boolean);
      // Of an `and` that fails the parts that fail decide; of one that holds all of them do. `or` is the other way round.
      const parts = condition.terms.map((term, index) =>
        explain(term, source, event, decides && plain[index] === holds),
      );
      return { text, holds, decides, kind, parts };
    }
    case 'not': {
      const inner = explain(condition.term, source, event, decides);
      return { text, holds: !inner.holds, decides, kind, parts: [inner] };
    }
    case 'macro':
      throw new Error(`a macro was left in a condition: ${condition.name}`);
    default: {
      const leaf = leafOf(condition, source);
      const value = leaf.extract(event);
      const shown = value === undefined ? undefined : printValue(value as FieldValue | readonly FieldValue[]);
      const field = renderOperand(leaf.left);
      return {
        text,
        holds: leaf.test(value, event),
        decides,
        kind,
        value: { field, text: shown },
        parts: [],
      };
    }
  }
}
