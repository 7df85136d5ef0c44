import type { Capabilities } from '../../event/capabilities.ts';
import type { Condition, Operand } from '../../rules/ast.ts';
import { faithfulCorrelation } from '../../rules/correlate/faithful-correlation.ts';
import { patternsOf } from '../../rules/correlate/tracker.ts';
import type { Correlation } from '../../rules/correlation.ts';
import { eventTypesOf } from '../../rules/event-types.ts';
import { type Faithfulness, faithful, fieldsIn } from '../../rules/faithful.ts';
import type { SourceCatalogue } from '../../rules/operand-type.ts';
import type { Rule } from '../../rules/rule-set.ts';
import { renderCondition, renderOperand } from '../../rules/syntax/render-condition.ts';
import { eventSensors } from './event-sensors.ts';

/** What is listed of a rule and of a correlation. */
export interface Listed {
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
  /** How far each sensor can evaluate it as it is meant; none where sensors do not come into it. */
  readonly sensors: Readonly<Record<string, Faithfulness>>;
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
    ...listed(rule, [rule.condition], sources, (source, sensor) =>
      faithful([rule.condition], source, sensor),
    ),
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
        (source, sensor) => faithfulCorrelation(asks, source, sensor),
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

/** How far a sensor can evaluate a rule, in a word: `full`, `engine` (fully with that of the containers), `part`, `never`. */
export function sensorWord(sensors: Listed['sensors'], id: string): string {
  const [alone, together] = [sensors[id], sensors[`${id}+containers`]];
  if (alone === undefined) return '';
  if (alone.state === 'full') return 'full';
  if (together?.state === 'full') return 'engine';
  return alone.state === 'partial' ? 'part' : together?.state === 'partial' ? 'engine, part' : 'never';
}

function listed(
  { name, source, priority, enabled, tags, description, output }: Rule | Correlation,
  conditions: readonly Condition[],
  sources: ReadonlyMap<string, SourceCatalogue>,
  judge: (source: SourceCatalogue, sensor: Capabilities) => Faithfulness,
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
    sensors: Object.fromEntries(
      (eventSensors.get(source) ?? []).map((sensor) => [sensor.id, judge(catalogue, sensor)]),
    ),
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
      yield* namesIn(condition.left);
      break;
    case 'comparison':
      yield* namesIn(condition.left);
      if (condition.right.kind === 'field' || condition.right.kind === 'transformer')
        yield* namesIn(condition.right);
      break;
  }
}

function* namesIn(operand: Operand): Generator<string> {
  for (const { name } of fieldsIn(operand)) yield name;
}
