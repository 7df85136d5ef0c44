import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a test run with `N passed, N failed, N skipped` and the reason of every skip, and appends `passed failed
 * skipped` to the file named by PICKET_TEST_COUNTS, from which `.ci/run` adds up its own last line.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>): void {
    let passed = 0;
    let failed = errors.length;
    const skipped: string[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) failed += 1;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'failed') failed += 1;
        else {
          const note = result.state === 'skipped' && result.note ? `: ${result.note}` : '';
          skipped.push(`${module.relativeModuleId} > ${test.fullName}${note}`);
        }
      }
    }
    for (const line of skipped) process.stdout.write(`skipped  ${line}\n`);
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
    const file = process.env.PICKET_TEST_COUNTS;
    if (file) appendFileSync(file, `${passed} ${failed} ${skipped.length}\n`);
  }
}
