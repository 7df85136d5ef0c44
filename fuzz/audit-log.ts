/**
 * Throws lines that are half audit log and half noise at what reads one, and playbooks at what reads those: node fuzz/audit-log.ts
 * [--seconds N] [--seed S]. Prints the cases run; exits 1 with the failing lines on a crash, a slow case, or a state that cannot be.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { readManifests } from '../src/manifest/read.ts';
import { verifyChain } from '../src/respond/audit/chain.ts';
import { historyOf } from '../src/respond/audit/history.ts';
import { readPlaybooks } from '../src/respond/playbooks.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const sha256 = (line: Uint8Array) => createHash('sha256').update(line).digest('hex');
const base = `"schemaVersion":1,"seq":1,"time":"2026-11-30T00:00:00.000Z","previous":"${sha256(new Uint8Array())}"`;
const response =
  '{"id":"r1","action":{"kind":"block","prefix":"x","seconds":1},"title":"t","playbook":"p","owner":{"alertId":"a","detector":"d","severity":"high","title":"t"},"reason":"r","before":"","after":"","undo":"","state":"waiting","decidedAt":0}';
const pieces = [
  `{${base},"event":"decided","response":${response}}`,
  `{${base},"event":"applied","id":"r1","expiresAt":5}`,
  `{${base},"event":"undone","id":"r1","why":"w"}`,
  `{${base},"event":"recovered","torn":3}`,
  `{${base},"event":"panic"}`,
  'respond:\n  playbooks:\n  - {name: a, match: detector=x, do: [{block: source, for: 1h}]}\n',
  '  - {name: b, match: "(", do: [{limit: entity, rate: 1/second, for: 8d}]}\n  probes: ["[::1]:70000"]\n',
  ...['{', '}', '"', ':', '\n', '\n', '\n', '0', '-1', '1e99', 'null', '\u0000', '💥', '\ud800'],
];
const text = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...pieces) },
      { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
    ),
    { maxLength: 12 },
  )
  .chain((parts) =>
    fc.nat({ max: 600 }).map((cut) => (cut % 3 === 0 ? parts.join('').slice(0, cut) : parts.join(''))),
  );

fuzz(fuzzOptions(), 1000, (seed) => fc.sample(text, { seed, numRuns: 300 }), run, JSON.stringify);

function run(one: string): void {
  const bytes = new TextEncoder().encode(one);
  const lines = one === '' ? [] : one.split('\n').map((line) => new TextEncoder().encode(line));
  const { records, problems } = verifyChain(lines, sha256);
  if (records.length < lines.length && problems.length === 0)
    throw new Error('a line is lost without a word');
  for (const { state, why, expiresAt } of historyOf(records).responses) {
    if (state === 'applied' && expiresAt === undefined) throw new Error('one in force has no end');
    if (state === 'undone' && why === undefined) throw new Error('one was undone for no reason');
  }
  const { site } = readManifests([{ name: 'picket.yaml', bytes }]);
  const { playbooks } = readPlaybooks(site?.respond);
  if (playbooks?.playbooks.some(({ steps }) => steps.length === 0))
    throw new Error('a playbook does nothing');
}
