import { evaluate } from '../posture/assertions/evaluate.ts';
import type { Assertion } from '../posture/assertions/model.ts';
import { ReachIndex } from '../posture/assertions/reach-index.ts';
import { counterexample, reportAssertion } from '../posture/assertions/report.ts';
import type { Posture } from '../posture/posture.ts';
import type { Io } from './io.ts';
import { progress } from './progress.ts';
import type { Tested } from './render/assertions/tested.ts';

/** Evaluates the assertions over one matrix, telling on a terminal how far it has come. */
export function runAssertions(assertions: readonly Assertion[], posture: Posture, io: Io): Tested[] {
  const reading = progress(io, 'pairs of ends judged');
  const index = new ReachIndex(posture, reading.step);
  reading.end();
  const testing = progress(io, 'assertions evaluated');
  const tested = assertions.map((assertion): Tested => {
    const begun = performance.now();
    const result = evaluate(assertion, index);
    const counterexamples = result.violations.map((one) => counterexample(one, posture, assertion.request));
    const diagnostics = reportAssertion(result, counterexamples, index);
    testing.step();
    const { passed, pairs } = result;
    const seconds = (performance.now() - begun) / 1000;
    return { assertion, passed, pairs, counterexamples, diagnostics, seconds };
  });
  testing.end();
  return tested;
}
