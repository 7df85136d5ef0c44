import { type EventSource, type Field, type FieldType, findField } from '../event/field.ts';
import type { Operand } from './ast.ts';

/** What rules know of a source of events. */
export type SourceCatalogue = Pick<EventSource<never>, 'id' | 'fields' | 'types'>;

/** What an operand gives. */
export interface OperandType {
  readonly type: FieldType;
  readonly values: Field<never>['values'];
}

/** What is wrong with an operand. */
export interface OperandFault {
  readonly message: string;
  /** Whether a field is not known at all. */
  readonly isUnknownField: boolean;
  readonly operand: Operand;
}

const toText: ReadonlySet<string> = new Set(['tolower', 'toupper', 'b64', 'basename']);

/** Returns the type of what a field or transformer gives, or why it gives nothing. */
export function operandType(operand: Operand, source: SourceCatalogue): OperandType | OperandFault {
  const fault = (message: string, isUnknownField = false): OperandFault => ({
    message,
    isUnknownField,
    operand,
  });
  if (operand.kind === 'field') {
    const found = findField(source.fields, operand.name, operand.argument);
    if (found === undefined) return fault(`filter_check called with nonexistent field ${operand.name}`, true);
    const problem = argumentProblem(found.field, found.argument);
    return problem === undefined ? found.field : fault(problem);
  }
  const { name } = operand;
  const inner: OperandType[] = [];
  for (const part of operand.arguments) {
    if (part.kind === 'literal' || part.kind === 'list') continue;
    const found = operandType(part, source);
    if ('message' in found) return found;
    inner.push(found);
  }
  const [first] = inner;
  if (name === 'val') {
    const [only, more] = operand.arguments;
    if (first === undefined || more !== undefined || only?.kind !== 'field')
      return fault('`val` takes one field');
    return findField(source.fields, only.name, only.argument)?.field.onRight === false
      ? fault(`\`${only.name}\` cannot stand on the right side`)
      : first;
  }
  if (toText.has(name)) {
    if (first === undefined || operand.arguments.length !== 1) return fault(`\`${name}\` takes one field`);
    if (first.type !== 'string' && !(name === 'b64' && first.type === 'bytes')) {
      return fault(`\`${name}\` takes a text, and this is of type ${first.type}`);
    }
    return { type: first.type, values: first.values };
  }
  if (name === 'len') {
    if (first === undefined || operand.arguments.length !== 1) return fault('`len` takes one field');
    return { type: 'integer', values: 'one' };
  }
  if (name === 'getopt') return { type: 'string', values: 'list' };
  if (name === 'join' && operand.arguments.length !== 2) return fault('`join` takes a separator and a list');
  return { type: 'string', values: 'one' };
}

function argumentProblem(field: Field<never>, argument: string | undefined): string | undefined {
  const { name, argument: wanted } = field;
  if (argument === undefined) {
    return wanted?.required === true
      ? `filter field '${name}' requires an argument but none provided`
      : undefined;
  }
  if (wanted === undefined) return `filter field '${name}' does not take an argument`;
  if (wanted.kind === 'index' && !/^\d+$/.test(argument))
    return `filter field '${name}' takes a number as argument`;
  const bound = field.bind(argument);
  return typeof bound === 'function' ? undefined : bound.problem;
}
