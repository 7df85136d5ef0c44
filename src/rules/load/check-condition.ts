import { nearest } from '../../diagnostic/suggest.ts';
import { type FieldType, findField } from '../../event/field.ts';
import type {
  Comparison,
  ComparisonOperator,
  Condition,
  Literal,
  LiteralList,
  Operand,
  TextRange,
} from '../ast.ts';
import { regexProblem } from '../compile/regex-syntax.ts';
import { type OperandType, operandType, type SourceCatalogue } from '../operand-type.ts';
import { parseConstant, parseHex } from '../values.ts';
import {
  conditionDoubt,
  deprecatedItem,
  type LoadCode,
  rulesCompileCondition,
  unsafeNaCheck,
} from './codes.ts';

/** Something of a condition that does not fit the source's fields; its place in the condition's text. */
export interface ConditionFault {
  readonly code: LoadCode;
  readonly message: string;
  readonly at: TextRange;
  readonly isUnknownField?: boolean;
  readonly help?: string;
}

const equal = ['=', '==', '!='] as const;
const order = ['<', '<=', '>', '>='] as const;
const texts = [
  'contains',
  'icontains',
  'startswith',
  'endswith',
  'glob',
  'iglob',
  'regex',
  'pmatch',
] as const;

/** Which operators fields of each type take, `exists` aside. */
const allowed: Readonly<Record<FieldType, ReadonlySet<ComparisonOperator>>> = {
  string: new Set([...equal, ...order, ...texts, 'in', 'intersects']),
  integer: new Set([...equal, ...order, 'in', 'intersects']),
  port: new Set([...equal, ...order, 'in', 'intersects']),
  time: new Set([...equal, ...order, 'in', 'intersects']),
  duration: new Set([...equal, ...order, 'in', 'intersects']),
  boolean: new Set([...equal, 'in', 'intersects']),
  address: new Set([...equal, 'in', 'intersects']),
  network: new Set([...equal, 'in', 'intersects']),
  bytes: new Set([...equal, 'contains', 'startswith', 'endswith', 'bcontains', 'bstartswith']),
};

/** Yields what of a condition does not fit the fields and types of events of a source; macros in it are not followed. */
export function* checkCondition(condition: Condition, source: SourceCatalogue): Generator<ConditionFault> {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const term of condition.terms) yield* checkCondition(term, source);
      break;
    case 'not':
      yield* checkCondition(condition.term, source);
      break;
    case 'exists':
      yield* checkOperand(condition.left, source);
      break;
    case 'comparison':
      yield* checkComparison(condition, source);
      break;
  }
}

function* checkOperand(operand: Operand, source: SourceCatalogue): Generator<ConditionFault> {
  const type = operandType(operand, source);
  if ('message' in type) {
    const { message, isUnknownField } = type;
    yield {
      code: rulesCompileCondition,
      message,
      at: type.operand.at,
      isUnknownField,
      ...nearestField(type.operand, source),
    };
  }
  if (operand.kind !== 'field') return;
  const deprecated = findField(source.fields, operand.name, operand.argument)?.field.deprecated;
  if (deprecated !== undefined) {
    const message = `field '${operand.name}' is deprecated`;
    yield { code: deprecatedItem, message, at: operand.at, help: deprecated };
  }
}

function* checkComparison(comparison: Comparison, source: SourceCatalogue): Generator<ConditionFault> {
  const { left, operator, modifier, right, at } = comparison;
  yield* checkOperand(left, source);
  const type = operandType(left, source);
  if ('message' in type) return;
  const fault = (message: string, place: TextRange = at): ConditionFault => ({
    code: rulesCompileCondition,
    message,
    at: place,
  });
  if (type.values === 'list' && operator !== 'in' && operator !== 'intersects') {
    yield fault(
      `'${operator}' operator not supported for list field '${left.name}': use \`in\`, \`intersects\` or \`exists\``,
    );
    return;
  }
  if (!allowed[type.type].has(operator)) {
    yield fault(`'${operator}' operator not supported for type ${type.type} of '${left.name}'`);
    return;
  }
  if (modifier !== undefined && (order as readonly string[]).includes(operator))
    yield fault(`\`${modifier}\` does not go with \`${operator}\``);
  if (right.kind === 'field' || right.kind === 'transformer') {
    yield* checkRight(left, type, operator, right, source);
    return;
  }
  yield* checkValues(left, type, operator, right, source);
}

function* checkRight(
  left: Operand,
  type: OperandType,
  operator: ComparisonOperator,
  right: Operand,
  source: SourceCatalogue,
): Generator<ConditionFault> {
  yield* checkOperand(right, source);
  const other = operandType(right, source);
  if ('message' in other) return;
  const isList = operator === 'in' || operator === 'intersects';
  const fits = other.type === type.type && (isList || other.values === type.values);
  if (!fits) {
    const message = `'${left.name}' and the right side are of different types (${type.type}, ${other.type})`;
    yield { code: rulesCompileCondition, message, at: right.at };
  }
}

function* checkValues(
  left: Operand,
  { type }: OperandType,
  operator: ComparisonOperator,
  right: Literal | LiteralList,
  source: SourceCatalogue,
): Generator<ConditionFault> {
  const items = right.kind === 'list' ? right.items : [right];
  for (const item of items) {
    if (item.kind !== 'literal') {
      yield* checkOperand(item, source);
      continue;
    }
    const { text, at, quoted } = item;
    const fault = (message: string): ConditionFault => ({ code: rulesCompileCondition, message, at });
    if (
      left.name === 'evt.type' &&
      (operator === '=' || operator === '==' || operator === '!=' || operator === 'in')
    ) {
      if (!source.types.includes(text)) yield fault(`unknown event type ${text}`);
      continue;
    }
    if (operator === 'bcontains' || operator === 'bstartswith') {
      if (parseHex(text) === undefined) yield fault(`\`${text}\` is no even number of hexadecimal digits`);
      continue;
    }
    if (operator === 'regex') {
      const problem = regexProblem(text);
      if (problem !== undefined) yield fault(`invalid regular expression: ${problem}`);
      yield* plainerRegex(item);
      continue;
    }
    if (parseConstant(type, text) === undefined)
      yield fault(`\`${text}\` is no ${type}, as '${left.name}' is`);
    if (text === '<NA>' && /^(?:ka|jevt|json)\./.test(left.name)) {
      const help = `write \`${operator === '!=' ? '' : 'not '}${left.name} exists\``;
      yield { code: unsafeNaCheck, message: 'comparing a field value with <NA> is unsafe', at, help };
    }
    if (type === 'string' && !quoted && source.fields.has(text)) {
      const message = `'${text}' may be a valid field misused as a const string value`;
      yield {
        code: conditionDoubt,
        message,
        at,
        help: `write \`val(${text})\` to compare with that field, or quotes for the text`,
      };
    }
  }
}

/** A regular expression without special signs but `.*` at its ends. */
function* plainerRegex({ text, at }: Literal): Generator<ConditionFault> {
  const [, head, plain, tail] = /^(\.\*)?([\w/ -]+)(\.\*)?$/.exec(text) ?? [];
  if (plain === undefined) return;
  const operator = head ? (tail ? 'contains' : 'endswith') : tail ? 'startswith' : '=';
  const message = `the regular expression says what \`${operator}\` says`;
  yield {
    code: conditionDoubt,
    message,
    at,
    help: `write \`${operator} ${/\s/.test(plain) ? `"${plain}"` : plain}\``,
  };
}

/** The known field whose name is nearest to an unknown one. */
function nearestField(operand: Operand, { fields }: SourceCatalogue): { readonly help?: string } {
  if (operand.kind !== 'field' || fields.has(operand.name)) return {};
  const found = nearest(operand.name, fields.keys());
  return found === undefined ? {} : { help: `there is \`${found}\`` };
}
