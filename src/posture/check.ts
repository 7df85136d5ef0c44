import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { checks } from './checks/registry.ts';
import type { Declared } from './posture.ts';

/** Returns what all checks find in what is declared. Judging needs none of them. */
export function checkPosture(declared: Declared): Diagnostic[] {
  return checks.flatMap((check) => [...check.run(declared)]);
}
