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
  const groups = new Map<string, string[]>();
  const results = [
    ...active(rules).map(
      ({ name, condition }) => [name, faithful([condition], syscallSource, capabilities)] as const,
    ),
    ...active(correlations).map(
      ({ name, asks }) => [name, faithfulCorrelation(asks, syscallSource, capabilities)] as const,
    ),
  ];
  for (const [name, result] of results) {
    if (result.state === 'full') continue;
    const reason = reasonOf(result);
    const group = groups.get(reason);
    if (group === undefined) groups.set(reason, [name]);
    else group.push(name);
  }
  return [...groups].map(
    ([reason, names]) =>
      `${names.length === 1 ? 'a rule' : `${names.length} rules`} ${reason}: ${names.join('; ')}`,
  );
}

function active<T extends { readonly enabled: boolean; readonly source: string }>(all: readonly T[]): T[] {
  return all.filter(({ enabled, source }) => enabled && source === syscallSource.id);
}

function reasonOf({ state, missingTypes, missingFields, partialTypes, partialFields }: Faithfulness): string {
  const outcome = state === 'none' ? 'can never fire here' : 'may miss something or say too much here';
  const missing = [...missingTypes.map((type) => `${type} events`), ...missingFields];
  if (missing.length > 0) return `${outcome}, for want of ${listed(missing)}`;
  const partial = [...partialTypes.map((type) => `${type} events`), ...partialFields];
  return partial.length === 0 ? outcome : `${outcome}, as there is only part of ${listed(partial)}`;
}

function listed(names: readonly string[]): string {
  const rest = names.length - shownNames;
  const shown = names.slice(0, rest === 1 ? shownNames + 1 : shownNames).join(', ');
  return rest > 1 ? `${shown} and ${rest} more` : shown;
}
