import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import { findField } from '../../event/field.ts';
import type { EmbeddedText } from '../../manifest/embedded.ts';
import type { SourceCatalogue } from '../operand-type.ts';
import type { Rule, RuleSet } from '../rule-set.ts';
import { isBroad, isOutputSound, PieceChecks } from './checks.ts';
import { noEventType, unusedList, unusedMacro } from './codes.ts';
import { Definitions } from './collect.ts';
import { CorrelationCompiler } from './compile-correlation.ts';
import { withExceptions } from './compile-exceptions.ts';
import type { RuleDraft } from './drafts.ts';
import { type LoadFinding, toDiagnostic } from './findings.ts';
import { readItems } from './read-items.ts';
import { Resolver } from './resolve.ts';
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
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const correlations = [...definitions.correlations.values()].flatMap((draft) => {
    const source = sources.get(draft.source) as SourceCatalogue;
    return (
      new CorrelationCompiler(draft, source, { resolver, checks, definitions, rules: byName }).compile() ?? []
    );
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
    correlations,
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
  if (isBroad(condition, source) && draft.warnEventTypes) {
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
