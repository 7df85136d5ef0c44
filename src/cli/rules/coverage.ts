import type { Capabilities } from '../../event/capabilities.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import { faithfulCorrelation } from '../../rules/correlate/faithful-correlation.ts';
import { type Faithfulness, faithful } from '../../rules/faithful.ts';
import type { RuleSet } from '../../rules/rule-set.ts';

/** Names that one line tells; of more it is told how many. */
const shownNames = 8;

/**
 * Returns one sentence for each reason for which active rules on system calls cannot be evaluated as they are meant by a sensor, with
 * the names of those rules; none when all can.
 */
export function coverageLines(
  { rules, correlations }: Pick<RuleSet, 'rules' | 'correlations'>,
  capabilities: Capabilities,
): string[] {
  const results = [
    ...active(rules).map(
      ({ name, condition }) => [name, faithful([condition], syscallSource, capabilities)] as const,
    ),
    ...active(correlations).map(
      ({ name, asks }) => [name, faithfulCorrelation(asks, syscallSource, capabilities)] as const,
    ),
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
  return [...groups.values()].map(({ names, outcome, lacks }) => {
    const which = names.length === 1 ? 'a rule' : `${names.length} rules`;
    return `${which} ${outcome} ${listed([...lacks])}: ${names.join('; ')}`;
  });
}

function active<T extends { readonly enabled: boolean; readonly source: string }>(all: readonly T[]): T[] {
  return all.filter(({ enabled, source }) => enabled && source === syscallSource.id);
}

interface Reason {
  /** Rules with the same one are told together. */
  readonly key: string;
  readonly outcome: string;
  readonly lacks: readonly string[];
}

function reasonOf({ state, missingTypes, missingFields, partialTypes, partialFields }: Faithfulness): Reason {
  const missing = [...missingTypes.map((type) => `${type} events`), ...missingFields];
  if (missing.length === 0) {
    const outcome = 'may miss something here, as there is only part of';
    const lacks = [...partialTypes.map((type) => `${type} events`), ...partialFields];
    return { key: outcome, outcome, lacks };
  }
  const outcome =
    state === 'none'
      ? 'can never fire here, for want of'
      : 'may miss something or say too much here, for want of';
  return { key: [outcome, ...missing].join('\0'), outcome, lacks: missing };
}

function listed(names: readonly string[]): string {
  const rest = names.length - shownNames;
  const shown = names.slice(0, rest === 1 ? shownNames + 1 : shownNames).join(', ');
  return rest > 1 ? `${shown} and ${rest} more` : shown;
}
