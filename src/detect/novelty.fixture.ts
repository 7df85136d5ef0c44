import type { Flow } from '../flow/flow.ts';
import type { DetectorDefinition, Finding } from './detector.ts';
import { flowOf, named } from './flow.fixture.ts';

export const hour = 3_600_000;
export const day = 24 * hour;

/** A detector that tells of what is new, and what it has said. */
export function watch<Options>(definition: DetectorDefinition<Options>, settings: object = {}) {
  const running = definition.create(definition.options.parse(settings));
  const findings: Finding[] = [];
  const see = (flow: Flow) => {
    const found = running.onFlow!(flow, 'decided');
    for (const finding of found) running.onFinding!(finding);
    findings.push(...found);
    return found[0];
  };
  /** The flows that `of` gives, in turn, one each hour. */
  const live = (from: number, to: number, ...of: readonly ((at: number) => Flow)[]) => {
    for (let at = from, n = 0; at < to; at += hour, n++) see(of[n % of.length]!(at));
  };
  return { running, findings, see, live };
}

/** A connection that came about, seen by nobody's socket. */
export const call =
  (from: string, to: string, port: number, changes: Partial<Flow> = {}) =>
  (at: number): Flow =>
    flowOf(from, to, port, {
      state: 'established',
      seenBy: 'network',
      openedAt: at,
      establishedAt: at,
      ...changes,
    });

/** The same between two that are declared. */
export const calls =
  (from: string, to: string, port: number, changes: Partial<Flow> = {}) =>
  (at: number): Flow =>
    named(call('10.1.0.1', '10.1.0.2', port, changes)(at), from, to);
