import type { Condition, Operand } from './ast.ts';

/** Fields that are compared with names of machines. */
const named = /^fd\.[sclr]ip\.name$/;

/**
 * Returns the names of machines that conditions ask for (`fd.sip.name = NAME`): they have to be looked up, so that addresses are known
 * by them. As in Falco, an address has only names that some rule asks for (libs `userspace/libsinsp/dns_manager.h`).
 */
export function askedHostNames(conditions: Iterable<Condition>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const condition of conditions) collect(condition, names);
  return names;
}

function collect(condition: Condition, names: Set<string>): void {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const term of condition.terms) collect(term, names);
      break;
    case 'not':
      collect(condition.term, names);
      break;
    case 'comparison': {
      if (!isNamed(condition.left)) break;
      const { right } = condition;
      for (const item of right.kind === 'list' ? right.items : [right])
        if (item.kind === 'literal' && item.text !== '') names.add(item.text);
    }
  }
}

function isNamed(operand: Operand): boolean {
  return operand.kind === 'field'
    ? named.test(operand.name)
    : operand.arguments.some(
        (part) => (part.kind === 'field' || part.kind === 'transformer') && isNamed(part),
      );
}
