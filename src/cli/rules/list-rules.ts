import type { Condition, Operand } from '../../rules/ast.ts';
import { eventTypesOf } from '../../rules/event-types.ts';
import { type Faithfulness, faithful, fieldsIn } from '../../rules/faithful.ts';
import type { SourceCatalogue } from '../../rules/operand-type.ts';
import type { Rule } from '../../rules/rule-set.ts';
import { renderCondition } from '../../rules/syntax/render-condition.ts';
import { eventSensors } from './event-sensors.ts';

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
  /** How far each sensor can evaluate it as it is meant; none where sensors do not come into it. */
  readonly sensors: Readonly<Record<string, Faithfulness>>;
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
      sensors: Object.fromEntries(
        (eventSensors.get(source) ?? []).map((one) => [one.id, faithful(condition, catalogue, one)]),
      ),
    };
  });
}

/** How far a sensor can evaluate a rule, in a word: `full`, `engine` (fully with that of the containers), `part`, `never`. */
export function sensorWord(sensors: ListedRule['sensors'], id: string): string {
  const [alone, together] = [sensors[id], sensors[`${id}+containers`]];
  if (alone === undefined) return '';
  if (alone.state === 'full') return 'full';
  if (together?.state === 'full') return 'engine';
  return alone.state === 'partial' ? 'part' : together?.state === 'partial' ? 'engine, part' : 'never';
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
