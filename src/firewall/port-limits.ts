import type { Match, Rule, Ruleset, Target } from './ruleset.ts';

/**
 * Returns undefined for rules that leave packets as they are and whose ends are known, which {@link acceptedPorts} of
 * accepted-ports.ts follows for all ports at once. For others, the ports at which anything that a rule asks for or
 * writes begins or ends, ascending from 0. Linear but for the sorting.
 */
export function portLimits({ tables }: Ruleset): readonly number[] | undefined {
  const limits = new Set([0]);
  let isPlain = true;
  for (const { chains } of tables) {
    for (const { rules } of chains.values()) {
      for (const rule of rules) {
        isPlain &&= isPlainRule(rule);
        for (const match of rule.matches) addLimits(match, limits);
        addTargetLimits(rule.target, limits);
      }
    }
  }
  return isPlain ? undefined : [...limits].sort((x, y) => x - y);
}

function isPlainRule({ matches, actions, target: { effect, translation } }: Rule): boolean {
  if (actions !== undefined || translation !== undefined) return false;
  if (effect === 'translate' || effect === 'choose' || effect === 'untrack' || effect === 'unknown')
    return false;
  return matches.every(({ kind }) => kind !== 'original destination port' && kind !== 'any of');
}

function addLimits(match: Match, limits: Set<number>): void {
  if (match.kind === 'any of') {
    for (const one of match.alternatives.flat()) addLimits(one, limits);
    return;
  }
  if (!('ports' in match)) return;
  for (const { from, to } of match.ports.ranges()) addRange(from, to, limits);
}

function addTargetLimits({ translation, cases }: Target, limits: Set<number>): void {
  if (translation?.ports !== undefined) addRange(translation.ports.from, translation.ports.to, limits);
  for (const { matches, target } of cases ?? []) {
    for (const match of matches) addLimits(match, limits);
    addTargetLimits(target, limits);
  }
}

function addRange(from: number, to: number, limits: Set<number>): void {
  limits.add(from);
  if (to < 65_535) limits.add(to + 1);
}
