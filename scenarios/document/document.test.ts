import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { picket, shared } from '../harness.ts';

const document = join(shared, 'seed/network-security.md');
const skip = existsSync(document) ? undefined : `needs ${document}`;

interface Result {
  readonly diagnostics: readonly {
    readonly code: string;
    readonly message: string;
    readonly span?: { readonly start: { readonly line: number } };
  }[];
}

test.skipIf(skip)(`the document's blocks are all read, with right lines${skip ? `: ${skip}` : ''}`, () => {
  const lines = readFileSync(document, 'utf8').split('\n');
  const documents = lines.filter((line) => /^apiVersion:/.test(line)).length;
  const { code, out, err } = picket(['check', document, '-o', 'json']);
  expect(code).toBe(1);
  expect(err).toMatch(new RegExp(`${documents} objects`));
  const { diagnostics } = JSON.parse(out) as Result;
  const daemonSet = diagnostics.filter(({ message }) => /no DaemonSet in/.test(message));
  expect(daemonSet).toHaveLength(1);
  const line = daemonSet[0]!.span!.start.line;
  expect(lines[line - 1]).toBe('apiVersion: v1');
  expect(lines[line]).toBe('kind: DaemonSet');
});

test.skipIf(skip)('check of the document takes at most 400 ms as a whole process', () => {
  const times = Array.from({ length: 5 }, () => {
    const begun = performance.now();
    picket(['check', document]);
    return performance.now() - begun;
  }).sort((x, y) => x - y);
  console.info(
    `check of the document: median ${times[2]!.toFixed(0)} ms (${times[0]!.toFixed(0)} to ${times[4]!.toFixed(0)})`,
  );
  // The least, since this machine runs other tests at the same time.
  expect(times[0]).toBeLessThan(400);
});
