import type { Condition, Operand } from '../../rules/ast.ts';
import { eventTypesOf } from '../../rules/event-types.ts';
import type { SourceCatalogue } from '../../rules/operand-type.ts';
import type { Rule } from '../../rules/rule-set.ts';
import { renderCondition } from '../../rules/syntax/render-condition.ts';

/** A rule as it is listed. */
export interface ListedRule {
  readonly name: string;
  readonly source: string;
  readonly priority: string;
  readonly enabled: boolean;
  readonly tags: readonly string[];
  readonly description: string;
  /** Types of events that it is asked of; `all` where it does not say. */
  readonly types: readonly string[];
  readonly fields: readonly string[];
  readonly condition: string;
  readonly output: string;
}

/** Returns what there is to say of each rule. */
export function listRules(
  rules: readonly Rule[],
  sources: ReadonlyMap<string, SourceCatalogue>,
): ListedRule[] {
  return rules.map(({ name, source, priority, enabled, tags, description, condition, output }) => {
    const catalogue = sources.get(source) as SourceCatalogue;
    const set = eventTypesOf(condition, catalogue);
    const types = catalogue.types.filter((_, type) => set[type] === 1);
    return {
      name,
      source,
      priority,
      enabled,
      tags,
      description,
      types: types.length === catalogue.types.length ? ['all'] : types,
      fields: [...new Set(fieldsOf(condition))].sort(),
      condition: renderCondition(condition),
      output,
    };
  });
}

function* fieldsOf(condition: Condition): Generator<string> {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const term of condition.terms) yield* fieldsOf(term);
      break;
    case 'not':
      yield* fieldsOf(condition.term);
      break;
    case 'exists':
      yield* fieldsIn(condition.left);
      break;
    case 'comparison':
      yield* fieldsIn(condition.left);
      if (condition.right.kind === 'field' || condition.right.kind === 'transformer')
        yield* fieldsIn(condition.right);
      break;
  }
}

function* fieldsIn(operand: Operand): Generator<string> {
  if (operand.kind === 'field') yield operand.name;
  else {
    for (const part of operand.arguments) {
      if (part.kind === 'field' || part.kind === 'transformer') yield* fieldsIn(part);
    }
  }
}
