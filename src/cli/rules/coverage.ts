import type { Capabilities } from '../../event/capabilities.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import { faithfulCorrelation } from '../../rules/correlate/faithful-correlation.ts';
import { type Faithfulness, faithful } from '../../rules/faithful.ts';
import type { RuleSet } from '../../rules/rule-set.ts';

/** Names that one line tells; of more it is told how many. */
const shownNames = 8;
/** Of more reasons than this it is not told which: who starts Picket is to see what rules are concerned, not to read a table. */
const maxReasons = 6;

/**
 * Returns one sentence for each reason for which active rules on system calls cannot be evaluated as they are meant by a sensor, with
 * the names of those rules; none when all can. `withEngine` is what the sensor could give with a container engine where there is
 * none: rules that lack nothing else are told together. Where there are very many reasons, rules are told by the outcome alone.
 */
export function coverageLines(
  { rules, correlations }: Pick<RuleSet, 'rules' | 'correlations'>,
  capabilities: Capabilities,
  withEngine?: Capabilities,
): string[] {
  const results = [
    ...active(rules).map(({ name, condition }) => {
      const ask = (given: Capabilities) => faithful([condition], syscallSource, given);
      return [name, judged(ask, capabilities, withEngine)] as const;
    }),
    ...active(correlations).map(({ name, asks }) => {
      const ask = (given: Capabilities) => faithfulCorrelation(asks, syscallSource, given);
      return [name, judged(ask, capabilities, withEngine)] as const;
    }),
  ];
  const groups = new Map<
    string,
    { readonly outcome: string; readonly names: string[]; readonly lacks: Set<string> }
  >();
  for (const [name, result] of results) {
    if (result.state === 'full') continue;
    const { key, outcome, lacks } = reasonOf(result);
    const group = groups.get(key) ?? { outcome, names: [], lacks: new Set() };
    group.names.push(name);
    for (const one of lacks) group.lacks.add(one);
    groups.set(key, group);
  }
  if (groups.size > maxReasons) return byOutcome([...groups.values()]);
  return [...groups.values()].map(
    ({ names, outcome, lacks }) =>
      `${counted(names)} ${outcome}, ${want(outcome)} ${listed([...lacks])}: ${names.join('; ')}`,
  );
}

function byOutcome(
  groups: readonly { readonly outcome: string; readonly names: readonly string[] }[],
): string[] {
  const outcomes = new Map<string, string[]>();
  for (const { outcome, names } of groups)
    outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), ...names]);
  return [...outcomes].map(
    ([outcome, names]) =>
      `${counted(names)} ${outcome} (picket rules list -o json says what each lacks): ${names.join('; ')}`,
  );
}

function counted(names: readonly string[]): string {
  return names.length === 1 ? 'a rule' : `${names.length} rules`;
}

function want(outcome: string): string {
  return outcome === onlyPart ? 'as there is only part of' : 'for want of';
}

type Judged = Faithfulness & { readonly lacksOnlyEngine: boolean };

function judged(
  ask: (given: Capabilities) => Faithfulness,
  capabilities: Capabilities,
  withEngine: Capabilities | undefined,
): Judged {
  const result = ask(capabilities);
  const lacksOnlyEngine =
    withEngine !== undefined && result.state !== 'full' && ask(withEngine).state === 'full';
  return { ...result, lacksOnlyEngine };
}

function active<T extends { readonly enabled: boolean; readonly source: string }>(all: readonly T[]): T[] {
  return all.filter(({ enabled, source }) => enabled && source === syscallSource.id);
}

const onlyPart = 'may miss something here';

interface Reason {
  /** Rules with the same one are told together. */
  readonly key: string;
  readonly outcome: string;
  readonly lacks: readonly string[];
}

function reasonOf({
  state,
  missingTypes,
  missingFields,
  partialTypes,
  partialFields,
  lacksOnlyEngine,
}: Judged): Reason {
  const missing = lacksOnlyEngine
    ? ['what only a container engine tells']
    : [...missingTypes.map((type) => `${type} events`), ...missingFields];
  if (missing.length === 0) {
    const outcome = onlyPart;
    const lacks = [...partialTypes.map((type) => `${type} events`), ...partialFields];
    return { key: outcome, outcome, lacks };
  }
  const outcome = state === 'none' ? 'can never fire here' : 'may miss something or say too much here';
  return { key: [outcome, ...missing].join('\0'), outcome, lacks: missing };
}

function listed(names: readonly string[]): string {
  const rest = names.length - shownNames;
  const shown = names.slice(0, rest === 1 ? shownNames + 1 : shownNames).join(', ');
  return rest > 1 ? `${shown} and ${rest} more` : shown;
}
