import type { Capabilities, Level } from '../event/capabilities.ts';
import { findField } from '../event/field.ts';
import type { Comparison, Condition, Literal, Operand } from './ast.ts';
import { eventTypesOf } from './event-types.ts';
import type { SourceCatalogue } from './operand-type.ts';
import { renderOperand } from './syntax/render-condition.ts';

/** How far a rule can be evaluated as it is meant. */
export interface Faithfulness {
  /** `none`: it can never fire. `partial`: it may miss something, or fire where an exception should hold it back. */
  readonly state: Level;
  /** Types of events that it asks for and that are not given (`all other` where it asks for any), and those given in part. */
  readonly missingTypes: readonly string[];
  readonly partialTypes: readonly string[];
  /** Fields that decide for it and that are not given, and those given in part. */
  readonly missingFields: readonly string[];
  readonly partialFields: readonly string[];
}

/** What a condition comes to for one type of event: a missing field makes each comparison false. */
interface Folded {
  readonly value: boolean | undefined;
  /** Fields that are not wholly given and that it depends on. */
  readonly fields: ReadonlyMap<string, Level>;
}

/** Stands for the types that a rule which asks for all does not get. */
const others = 'all other';
const nothing: ReadonlyMap<string, Level> = new Map();

/**
 * Returns how far conditions that must all be met (that of a rule; those of a correlation) can be evaluated with what a source of events
 * gives. Macros must have been put in. It goes by types of events and fields; that the values are right is for tests of the source.
 */
export function faithful(
  conditions: readonly Condition[],
  source: SourceCatalogue,
  capabilities: Capabilities,
): Faithfulness {
  const all = conditions.map((condition) => ofCondition(condition, source, capabilities));
  const union = (of: (one: Faithfulness) => readonly string[]) => [...new Set(all.flatMap(of))];
  return {
    state: all.reduce<Level>((state, one) => worse(state, one.state), 'full'),
    missingTypes: union(({ missingTypes }) => missingTypes),
    partialTypes: union(({ partialTypes }) => partialTypes),
    missingFields: union(({ missingFields }) => missingFields).sort(),
    partialFields: union(({ partialFields }) => partialFields).sort(),
  };
}

function ofCondition(
  condition: Condition,
  source: SourceCatalogue,
  capabilities: Capabilities,
): Faithfulness {
  const set = eventTypesOf(condition, source);
  const asked = source.types.filter((_, type) => set[type] === 1);
  const level = new Map(asked.map((type) => [type, capabilities.type(type)]));
  const fields = new Map<string, Level>();
  let canFire = false;
  for (const type of asked) {
    if (level.get(type) === 'none') continue;
    const folded = new Folding(type, source, capabilities).fold(condition);
    canFire ||= folded.value !== false;
    for (const [name, one] of folded.fields) fields.set(name, worse(one, fields.get(name)));
  }
  const named = (wanted: Level, levels: ReadonlyMap<string, Level>) =>
    [...levels].filter(([, one]) => one === wanted).map(([name]) => name);
  const missing = named('none', level);
  const isAny = asked.length === source.types.length;
  const result = {
    missingTypes: isAny && missing.length > 0 ? [others] : missing,
    partialTypes: named('partial', level),
    missingFields: named('none', fields).sort(),
    partialFields: named('partial', fields).sort(),
  };
  const isWhole = Object.values(result).every((names) => names.length === 0);
  return { state: !canFire ? 'none' : isWhole ? 'full' : 'partial', ...result };
}

function worse(one: Level, other: Level | undefined): Level {
  if (one === 'none' || other === 'none') return 'none';
  return one === 'partial' || other === 'partial' ? 'partial' : 'full';
}

class Folding {
  readonly #type: string;
  readonly #source: SourceCatalogue;
  readonly #capabilities: Capabilities;

  constructor(type: string, source: SourceCatalogue, capabilities: Capabilities) {
    this.#type = type;
    this.#source = source;
    this.#capabilities = capabilities;
  }

  fold(condition: Condition): Folded {
    switch (condition.kind) {
      case 'not': {
        const { value, fields } = this.fold(condition.term);
        return { value: value === undefined ? undefined : !value, fields };
      }
      case 'and':
        return this.#all(condition.terms, false);
      case 'or':
        return this.#all(condition.terms, true);
      case 'exists':
        return this.#ofOperands([condition.left]);
      case 'comparison':
        return this.#comparison(condition);
      default:
        return { value: undefined, fields: nothing };
    }
  }

  /** `deciding`: the value of one term that decides for all. */
  #all(terms: readonly Condition[], deciding: boolean): Folded {
    const folded = terms.map((term) => this.fold(term));
    const decided = folded.filter(({ value }) => value === deciding);
    // What decides by the type alone leaves no part to fields.
    const sure = decided.find(({ fields }) => fields.size === 0);
    if (sure !== undefined) return sure;
    const fields = new Map<string, Level>();
    for (const one of folded) for (const [name, level] of one.fields) fields.set(name, level);
    if (decided.length > 0) return { value: deciding, fields };
    const isOpen = folded.some(({ value }) => value === undefined);
    return { value: isOpen ? undefined : !deciding, fields };
  }

  #comparison(comparison: Comparison): Folded {
    const known = this.#typeComparison(comparison);
    if (known !== undefined) return { value: known, fields: nothing };
    const { left, right } = comparison;
    const isOperand = right.kind === 'field' || right.kind === 'transformer';
    return this.#ofOperands(isOperand ? [left, right] : [left]);
  }

  #ofOperands(operands: readonly Operand[]): Folded {
    const fields = new Map<string, Level>();
    for (const operand of operands) {
      for (const field of fieldsIn(operand)) {
        const found = findField(this.#source.fields, field.name, field.argument);
        const name = found?.field.name ?? field.name;
        const level = this.#capabilities.field(this.#type, name, found?.argument);
        if (level !== 'full') fields.set(renderOperand(field), level);
      }
    }
    const isMissing = [...fields.values()].includes('none');
    return { value: isMissing ? false : undefined, fields };
  }

  #typeComparison({ left, operator, modifier, right }: Comparison): boolean | undefined {
    if (left.kind !== 'field' || left.name !== 'evt.type' || modifier !== undefined) return undefined;
    const values = right.kind === 'list' ? right.items : [right];
    if (!values.every((value): value is Literal => value.kind === 'literal')) return undefined;
    const isNamed = values.some(({ text }) => text === this.#type);
    if (operator === '!=') return !isNamed;
    return operator === '=' || operator === '==' || operator === 'in' ? isNamed : undefined;
  }
}

/** Yields the fields that an operand asks for. */
export function* fieldsIn(operand: Operand): Generator<Extract<Operand, { kind: 'field' }>> {
  if (operand.kind === 'field') yield operand;
  else {
    for (const part of operand.arguments) {
      if (part.kind === 'field' || part.kind === 'transformer') yield* fieldsIn(part);
    }
  }
}
