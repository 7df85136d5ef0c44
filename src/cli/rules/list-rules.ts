import type { Condition, Operand } from '../../rules/ast.ts';
import { patternsOf } from '../../rules/correlate/tracker.ts';
import type { Correlation } from '../../rules/correlation.ts';
import { eventTypesOf } from '../../rules/event-types.ts';
import type { SourceCatalogue } from '../../rules/operand-type.ts';
import type { Rule } from '../../rules/rule-set.ts';
import { renderCondition, renderOperand } from '../../rules/syntax/render-condition.ts';

/** What is listed of a rule and of a correlation. */
interface Listed {
  readonly name: string;
  readonly source: string;
  readonly priority: string;
  readonly enabled: boolean;
  readonly tags: readonly string[];
  readonly description: string;
  /** Types of events that it is asked of; `all` where it does not say. */
  readonly types: readonly string[];
  readonly fields: readonly string[];
  readonly output: string;
}

/** A rule as it is listed. */
export interface ListedRule extends Listed {
  readonly condition: string;
}

/** A correlation as it is listed; times in milliseconds. */
export interface ListedCorrelation extends Listed {
  readonly kind: Correlation['asks']['kind'];
  /** What it asks of events, in the order in which they have to come. */
  readonly patterns: readonly {
    readonly name: string;
    readonly condition: string;
    readonly where?: string;
    readonly by: readonly string[];
  }[];
  readonly withinMs: number;
  readonly cooldownMs: number;
  readonly maxKeys: number;
}

/** Returns what there is to say of each rule. */
export function listRules(
  rules: readonly Rule[],
  sources: ReadonlyMap<string, SourceCatalogue>,
): ListedRule[] {
  return rules.map((rule) => ({
    ...listed(rule, [rule.condition], sources),
    condition: renderCondition(rule.condition),
  }));
}

/** Returns what there is to say of each correlation. */
export function listCorrelations(
  correlations: readonly Correlation[],
  sources: ReadonlyMap<string, SourceCatalogue>,
): ListedCorrelation[] {
  return correlations.map((correlation) => {
    const { asks, within, cooldown, maxKeys } = correlation;
    const patterns = patternsOf(asks).toReversed();
    return {
      ...listed(
        correlation,
        patterns.map(({ condition }) => condition),
        sources,
      ),
      kind: asks.kind,
      patterns: patterns.map(({ name, condition, where, by }) => ({
        name,
        condition: renderCondition(condition),
        ...(where !== undefined && { where: renderCondition(where) }),
        by: by.map(renderOperand),
      })),
      withinMs: within / 1e6,
      cooldownMs: cooldown / 1e6,
      maxKeys,
    };
  });
}

function listed(
  { name, source, priority, enabled, tags, description, output }: Rule | Correlation,
  conditions: readonly Condition[],
  sources: ReadonlyMap<string, SourceCatalogue>,
): Listed {
  const catalogue = sources.get(source) as SourceCatalogue;
  const sets = conditions.map((condition) => eventTypesOf(condition, catalogue));
  const types = catalogue.types.filter((_, type) => sets.some((set) => set[type] === 1));
  return {
    name,
    source,
    priority,
    enabled,
    tags,
    description,
    types: types.length === catalogue.types.length ? ['all'] : types,
    fields: [...new Set(conditions.flatMap((condition) => [...fieldsOf(condition)]))].sort(),
    output,
  };
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
