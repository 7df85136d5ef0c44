import type { Condition, Literal, LiteralList, Operand } from '../ast.ts';

/** How tightly a condition binds: one in a tighter place needs parentheses. */
const strength = { or: 0, and: 1, not: 2, comparison: 3, exists: 3, macro: 3 } as const;

/** Returns the condition as text in the usual form: parsing it gives the same condition, places aside. */
export function renderCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms
        .map((term) => within(term, strength[condition.kind] + 1))
        .join(` ${condition.kind} `);
    case 'not':
      return `not ${within(condition.term, strength.not + 1)}`;
    case 'exists':
      return `${renderOperand(condition.left)} exists`;
    case 'macro':
      return condition.name;
    case 'comparison': {
      const { left, operator, modifier, right } = condition;
      return [renderOperand(left), operator, ...(modifier ? [modifier] : []), renderPart(right)].join(' ');
    }
  }
}

function within(term: Condition, least: number): string {
  const text = renderCondition(term);
  return strength[term.kind] < least ? `(${text})` : text;
}

/** Returns a field or a transformer as text. */
export function renderOperand(operand: Operand): string {
  const argument = operand.argument === undefined ? '' : `[${renderArgument(operand.argument)}]`;
  if (operand.kind === 'field') return operand.name + argument;
  return `${operand.name}(${operand.arguments.map(renderPart).join(', ')})${argument}`;
}

function renderPart(part: Operand | Literal | LiteralList): string {
  if (part.kind === 'literal') return renderLiteral(part);
  if (part.kind === 'list') return `(${part.items.map(renderPart).join(', ')})`;
  return renderOperand(part);
}

function renderArgument(argument: string): string {
  return /^[^\s[\]"']+$/.test(argument) ? argument : quoted(argument);
}

function renderLiteral({ text, quoted: wasQuoted }: Literal): string {
  return !wasQuoted && /^[^()"'\s=,]+$/.test(text) ? text : quoted(text);
}

const named: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '"': '\\"',
  '\\': '\\\\',
};

function quoted(text: string): string {
  return `"${text.replace(/[\b\f\n\r\t"\\]/g, (sign) => named[sign] as string)}"`;
}
