import type { Diagnostic } from '../../../diagnostic/diagnostic.ts';
import type { Assertion } from '../../../posture/assertions/model.ts';
import type { Counterexample } from '../../../posture/assertions/report.ts';

/** One assertion with its result, as every output shows it. */
export interface Tested {
  readonly assertion: Assertion;
  readonly passed: boolean;
  /** Pairs of ends that were looked at. */
  readonly pairs: number;
  readonly counterexamples: readonly Counterexample[];
  readonly diagnostics: readonly Diagnostic[];
  readonly seconds: number;
}

/** Everything that one run of `picket test` found. */
export interface TestRun {
  readonly files: readonly string[];
  readonly tested: readonly Tested[];
  /** What could not be read of the assertion files. */
  readonly faults: readonly Diagnostic[];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly seconds: number;
}

/** Returns how many assertions passed and failed, and how many places could not be read. */
export function countsOf({ tested, faults }: TestRun): {
  readonly passed: number;
  readonly failed: number;
  readonly faults: number;
} {
  const passed = tested.filter((one) => one.passed).length;
  const errors = faults.filter(({ severity }) => severity === 'error').length;
  return { passed, failed: tested.length - passed, faults: errors };
}
