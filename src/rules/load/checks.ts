import type { Condition } from '../ast.ts';
import { eventTypesOf } from '../event-types.ts';
import { operandType, type SourceCatalogue } from '../operand-type.ts';
import { parseOutput } from '../syntax/output-template.ts';
import { checkCondition } from './check-condition.ts';
import { rulesCompileOutput, unknownFilter } from './codes.ts';
import type { RuleDraft } from './drafts.ts';
import type { Piece } from './resolve.ts';

/** What is checked: whose findings they are, and whether an unknown field leaves it out rather than being an error. */
export type Checked = Pick<RuleDraft, 'item' | 'skipIfUnknownFilter'>;

type State = 'sound' | 'faulty' | 'unknown field';

/** What is wrong with pieces, told once for each source. */
export class PieceChecks {
  readonly #known = new Map<Piece, Map<SourceCatalogue, State>>();

  tell(piece: Piece, source: SourceCatalogue, draft: Checked): 'sound' | 'faulty' | 'skipped' {
    const bySource = this.#known.get(piece) ?? new Map();
    this.#known.set(piece, bySource);
    let state = bySource.get(source);
    if (state === undefined || state === 'unknown field') {
      state = this.#tell(piece, source, draft);
      bySource.set(source, state);
    }
    return state === 'unknown field' ? 'skipped' : state;
  }

  #tell({ text, condition, item }: Piece, source: SourceCatalogue, draft: Checked) {
    let state: State = 'sound';
    for (const { code, message, at, isUnknownField, help } of checkCondition(condition, source)) {
      const isSkipped = isUnknownField === true && draft.skipIfUnknownFilter;
      // As Falco does: it tells of a faulty macro in the rule that uses it.
      const of = item.kind === 'macro' && code.severity === 'error' ? draft.item : item;
      of.report(isSkipped ? unknownFilter : code, message, text.at(at), help === undefined ? {} : { help });
      if (isSkipped && state === 'sound') state = 'unknown field';
      else if (code.severity === 'error' && !isSkipped) state = 'faulty';
    }
    return state;
  }
}

/** Whether an output fits the source of its rule; what does not is told. */
export function isOutputSound(
  { item, output, skipIfUnknownFilter }: Checked & Pick<RuleDraft, 'output'>,
  source: SourceCatalogue,
): boolean {
  const fault = (
    message: string,
    at: { readonly start: number; readonly end: number },
    isUnknown: boolean,
  ): false => {
    item.report(
      isUnknown && skipIfUnknownFilter ? unknownFilter : rulesCompileOutput,
      message,
      output.at(at),
    );
    return false;
  };
  const template = parseOutput(output.text);
  if ('message' in template) return fault(template.message, template.at, false);
  for (const part of template.parts) {
    if (part.kind === 'text') continue;
    const type = operandType(part.operand, source);
    if ('message' in type) {
      return fault(`invalid formatting token ${part.name}: ${type.message}`, part.at, type.isUnknownField);
    }
  }
  return true;
}

/** Conditions over more types of events than this are slow. */
const manyTypes = 100;

/** Whether a condition has to be asked of so many types of system calls that it is slow. */
export function isBroad(condition: Condition, source: SourceCatalogue): boolean {
  if (source.id !== 'syscall') return false;
  const types = eventTypesOf(condition, source);
  const count = types.reduce((sum, flag) => sum + flag, 0);
  return count > manyTypes || count === types.length;
}
