import type { RuleEngine } from '../../rules/engine.ts';

/** What rules over several events remember, and what they had to forget. */
export interface CorrelationsStatus {
  /** Approximate bytes that are remembered of earlier events. */
  readonly stateBytes: number;
  /** What was forgotten for want of room since the start. */
  readonly evicted: number;
  /** Alerts that were not told since the same had been told shortly before. */
  readonly suppressed: number;
}

/** Returns how the correlations of an engine are; undefined where it has none. */
export function correlationsStatus<E>(engine: RuleEngine<E>): CorrelationsStatus | undefined {
  if (engine.correlations.length === 0) return undefined;
  return {
    stateBytes: engine.stateBytes(),
    evicted: sum(engine.evicted()),
    suppressed: sum(engine.suppressed()),
  };
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, one) => total + one, 0);
}
