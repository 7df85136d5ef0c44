import { nearest } from '../../diagnostic/suggest.ts';
import { compileGlob } from '../compile/glob.ts';
import type { Correlation } from '../correlation.ts';
import { operandType, type SourceCatalogue } from '../operand-type.ts';
import { type ExtraField, priorities, type Rule, type RuleSet } from '../rule-set.ts';
import { parseOutput } from '../syntax/output-template.ts';
import { faultySetting, idleSelection } from './codes.ts';
import { Report } from './report.ts';
import type { FalcoSettings, OutputAppend, RuleSelection } from './settings.ts';

/** In their order, also those that are switched off; without those of too low a priority. */
export type AppliedSettings = RuleSet;

/** What raises alerts. */
type Alerting = Rule | Correlation;

/**
 * Returns rules as a configuration wants them: `rules` switches them after loading and wins over their files, each entry
 * over those before; rules below `priority` are left out; `append_output` adds to outputs. `sources` are those that the
 * rules were loaded with: fields that they do not have are told, and not added.
 */
export function applySettings(
  set: Pick<RuleSet, 'rules' | 'correlations'>,
  { selections, priority, appendOutput }: Pick<FalcoSettings, 'selections' | 'priority' | 'appendOutput'>,
  sources: ReadonlyMap<string, SourceCatalogue>,
): AppliedSettings {
  const report = new Report();
  const rules: readonly Alerting[] = [...set.rules, ...set.correlations];
  const enabled = rules.map((rule) => rule.enabled);
  for (const selection of selections) select(rules, enabled, selection, report);
  const least = priorities.indexOf(priority);
  let changed = rules
    .map((rule, index): Alerting => ({ ...rule, enabled: enabled[index] as boolean }))
    .filter((rule) => priorities.indexOf(rule.priority) <= least);
  for (const append of appendOutput) {
    if (!rules.some((rule) => isMatch(rule, append))) {
      const message = `\`${append.place.name}\` matches no rule`;
      report.say(idleSelection, append.place, message, nameHelp(append.match.rule, rules));
    }
    changed = changed.map((rule) => (isMatch(rule, append) ? appended(rule, append, sources, report) : rule));
  }
  return {
    rules: changed.filter((one) => !isCorrelation(one)) as Rule[],
    correlations: changed.filter(isCorrelation),
    diagnostics: report.diagnostics,
  };
}

function isCorrelation(one: Alerting): one is Correlation {
  return 'asks' in one;
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
