import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import { findField } from '../../event/field.ts';
import type { EmbeddedText } from '../../manifest/embedded.ts';
import { eventTypesOf } from '../event-types.ts';
import { operandType, type SourceCatalogue } from '../operand-type.ts';
import type { Rule, RuleSet } from '../rule-set.ts';
import { parseOutput } from '../syntax/output-template.ts';
import { checkCondition } from './check-condition.ts';
import { noEventType, rulesCompileOutput, unknownFilter, unusedList, unusedMacro } from './codes.ts';
import { Definitions } from './collect.ts';
import { withExceptions } from './compile-exceptions.ts';
import type { RuleDraft } from './drafts.ts';
import { type LoadFinding, toDiagnostic } from './findings.ts';
import { readItems } from './read-items.ts';
import { type Piece, Resolver } from './resolve.ts';
import { builtInPlugins, engineVersion } from './versions.ts';

export interface LoadOptions {
  /** Sources of events, by the name that rules give. */
  readonly sources: ReadonlyMap<string, SourceCatalogue>;
  readonly plugins?: ReadonlyMap<string, string>;
}

/** A rule set with what was found wrong in its files, in their order. */
export interface LoadedRules extends RuleSet {
  readonly findings: readonly LoadFinding[];
}

/** Conditions over more types of events than this are slow. */
const manyTypes = 100;

/**
 * Returns the rules of files, each item after the other as Falco's engine 0.63 takes them: lists by text, macros by order of
 * definition, exceptions, `append` and `override`. All errors of all files are told; a rule with one is left out.
 */
export function loadRules(
  files: readonly EmbeddedText[],
  { sources, plugins = builtInPlugins }: LoadOptions,
): LoadedRules {
  const findings: LoadFinding[] = [];
  const tell = (finding: LoadFinding) => findings.push(finding);
  const definitions = new Definitions(new Set(sources.keys()), { engine: engineVersion, plugins });
  for (const file of files) for (const item of readItems(file, tell)) definitions.add(item);
  const resolver = new Resolver(definitions);
  const checks = new PieceChecks();
  const rules = [...definitions.rules.values()].flatMap((draft) => {
    const source = sources.get(draft.source) as SourceCatalogue;
    return compileRule(draft, source, resolver, checks) ?? [];
  });
  for (const { name, item } of definitions.macros.values()) {
    if (!resolver.usedMacros.has(name))
      item.report(unusedMacro, 'Macro not referred to by any other rule/macro', item.at('macro'));
  }
  for (const { name, item } of definitions.lists.values()) {
    if (!resolver.usedLists.has(name))
      item.report(unusedList, 'List not referred to by any other rule/macro', item.at('list'));
  }
  const order = new Map(files.map((file, index) => [file.span.file, index]));
  const placeOf = ({ span }: LoadFinding) => (order.get(span.file) ?? 0) * 2 ** 32 + span.start.offset;
  findings.sort((a, b) => placeOf(a) - placeOf(b));
  return {
    rules,
    correlations: [],
    findings,
    diagnostics: findings.map(toDiagnostic) as readonly Diagnostic[],
  };
}

function compileRule(
  draft: RuleDraft,
  source: SourceCatalogue,
  resolver: Resolver,
  checks: PieceChecks,
): Rule | undefined {
  const { item } = draft;
  const hasField = (name: string) => findField(source.fields, name, undefined) !== undefined;
  const resolved = resolver.resolve(item, withExceptions(draft, hasField));
  if (resolved === undefined) return undefined;
  const isSound = [...resolved.pieces].every((piece) => checks.tell(piece, source, draft) === 'sound');
  if (!isSound || !isOutputSound(draft, source)) return undefined;
  const { condition } = resolved;
  const types = eventTypesOf(condition, source);
  const count = types.reduce((sum, flag) => sum + flag, 0);
  const isBroad = source.id === 'syscall' && (count > manyTypes || count === types.length);
  if (isBroad && draft.warnEventTypes) {
    const message = 'Rule matches too many evt.type values. This has a significant performance penalty.';
    item.report(noEventType, message, item.keyAt('condition'));
  }
  const { name, description, output, priority, tags, enabled, warnEventTypes, capture, captureDuration } =
    draft;
  return {
    name,
    description: description.text.trim(),
    source: draft.source,
    condition,
    output: output.text.trim(),
    priority,
    tags,
    enabled,
    warnEventTypes,
    ...(capture && { capture: { duration: captureDuration } }),
  };
}

/** What is wrong with pieces, told once for each source. */
class PieceChecks {
  readonly #known = new Map<Piece, Map<string, 'sound' | 'faulty' | 'unknown field'>>();

  tell(piece: Piece, source: SourceCatalogue, draft: RuleDraft): 'sound' | 'faulty' | 'skipped' {
    const bySource = this.#known.get(piece) ?? new Map();
    this.#known.set(piece, bySource);
    let state = bySource.get(source.id);
    if (state === undefined || state === 'unknown field') {
      state = this.#tell(piece, source, draft);
      bySource.set(source.id, state);
    }
    return state === 'unknown field' ? 'skipped' : state;
  }

  #tell({ text, condition, item }: Piece, source: SourceCatalogue, draft: RuleDraft) {
    let state: 'sound' | 'faulty' | 'unknown field' = 'sound';
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

function isOutputSound({ item, output, skipIfUnknownFilter }: RuleDraft, source: SourceCatalogue): boolean {
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
