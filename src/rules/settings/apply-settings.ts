import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import { nearest } from '../../diagnostic/suggest.ts';
import { compileGlob } from '../compile/glob.ts';
import type { Correlation } from '../correlation.ts';
import { operandType, type SourceCatalogue } from '../operand-type.ts';
import { type ExtraField, priorities, type Rule } from '../rule-set.ts';
import { parseOutput } from '../syntax/output-template.ts';
import { faultySetting, idleSelection } from './codes.ts';
import { Report } from './report.ts';
import type { FalcoSettings, OutputAppend, RuleSelection } from './settings.ts';

export interface AppliedSettings {
  /** In their order, also those that are switched off; without those of too low a priority. */
  readonly rules: readonly Rule[];
  /** Likewise. */
  readonly correlations: readonly Correlation[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What a configuration may switch and add to. */
type Alerting = Rule | Correlation;

/**
 * Returns rules and correlations as a configuration wants them: `rules` switches them after loading and wins over their files,
 * each entry over those before; those below `priority` are left out; `append_output` adds to outputs. `sources` are those that
 * they were loaded with: fields that they do not have are told, and not added.
 */
export function applySettings(
  rules: readonly Rule[],
  { selections, priority, appendOutput }: Pick<FalcoSettings, 'selections' | 'priority' | 'appendOutput'>,
  sources: ReadonlyMap<string, SourceCatalogue>,
  correlations: readonly Correlation[] = [],
): AppliedSettings {
  const report = new Report();
  const all: readonly Alerting[] = [...rules, ...correlations];
  const enabled = all.map((rule) => rule.enabled);
  for (const selection of selections) select(all, enabled, selection, report);
  const least = priorities.indexOf(priority);
  let changed = all
    .map((rule, index): Alerting => ({ ...rule, enabled: enabled[index] as boolean }))
    .filter((rule) => priorities.indexOf(rule.priority) <= least);
  for (const append of appendOutput) {
    if (!all.some((rule) => isMatch(rule, append))) {
      const message = `\`${append.place.name}\` matches no rule`;
      report.say(idleSelection, append.place, message, nameHelp(append.match.rule, all));
    }
    changed = changed.map((rule) => (isMatch(rule, append) ? appended(rule, append, sources, report) : rule));
  }
  return {
    rules: changed.filter((rule): rule is Rule => !('asks' in rule)),
    correlations: changed.filter((rule): rule is Correlation => 'asks' in rule),
    diagnostics: report.diagnostics,
  };
}

function select(
  rules: readonly Alerting[],
  enabled: boolean[],
  { action, rule, tag, place }: RuleSelection,
  report: Report,
): void {
  const isNamed = rule === undefined ? undefined : compileGlob(rule);
  let count = 0;
  for (const [index, { name, tags }] of rules.entries()) {
    // Either is enough, as in Falco, where they are two switches.
    if (!isNamed?.(name) && !(tag !== undefined && tags.includes(tag))) continue;
    enabled[index] = action === 'enable';
    count++;
  }
  if (count > 0) return;
  const what = rule === undefined ? `tag \`${tag}\`` : `name \`${rule}\``;
  report.say(idleSelection, place, `no rule has the ${what}`, nameHelp(rule, rules));
}

function nameHelp(wanted: string | undefined, rules: readonly Alerting[]): { readonly help?: string } {
  const names = rules.map(({ name }) => name);
  const meant = wanted === undefined ? undefined : nearest(wanted, names);
  return meant === undefined ? {} : { help: `write \`${meant}\`` };
}

function isMatch({ name, source, tags }: Alerting, { match }: OutputAppend): boolean {
  return (
    (match.rule === undefined || match.rule === name) &&
    (match.source === undefined || match.source === source) &&
    match.tags.every((tag) => tags.includes(tag))
  );
}

function appended(
  rule: Alerting,
  { extraOutput, extraFields, place }: OutputAppend,
  sources: ReadonlyMap<string, SourceCatalogue>,
  report: Report,
): Alerting {
  const source = sources.get(rule.source);
  const isSound = (format: string): boolean => {
    const problem = source === undefined ? undefined : problemOf(format, source);
    if (problem === undefined) return true;
    report.say(faultySetting, place, `\`${place.name}\` does not fit rule \`${rule.name}\`: ${problem}`);
    return false;
  };
  const extra: ExtraField[] = extraFields.flatMap(({ name, format }) => {
    const field = { name, format: format ?? `%${name}`, isText: format !== undefined };
    return isSound(field.format) ? [field] : [];
  });
  const isLonger = extraOutput !== undefined && isSound(extraOutput);
  return {
    ...rule,
    output: isLonger ? `${rule.output} ${extraOutput}` : rule.output,
    ...(extra.length > 0 && { extraFields: [...(rule.extraFields ?? []), ...extra] }),
  };
}

function problemOf(format: string, source: SourceCatalogue): string | undefined {
  const template = parseOutput(format);
  if ('message' in template) return template.message;
  for (const part of template.parts) {
    if (part.kind === 'text') continue;
    const type = operandType(part.operand, source);
    if ('message' in type) return type.message;
  }
  return undefined;
}
