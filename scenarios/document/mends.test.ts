import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { declarationOf } from '../../src/cli/load-posture.ts';
import { problemsOf } from '../../src/cli/problems.ts';
import type { Diagnostic } from '../../src/diagnostic/diagnostic.ts';
import { applyEdits } from '../../src/diagnostic/fix.ts';
import { picket, shared, temporaryFolder } from '../harness.ts';
import { edited, originOfLines, type Texts } from './edits.ts';
import type { Revealed } from './mend.ts';
import { mends, reveals } from './mends.ts';

const document = join(shared, 'seed/network-security.md');
const skip = existsSync(document) ? undefined : `needs ${document}`;
const why = skip ? `: ${skip}` : '';
const original = skip ? '' : readFileSync(document, 'utf8');
const name = 'network-security.md';

function check({ text, site }: Texts) {
  const encoder = new TextEncoder();
  const files = [
    { name, bytes: encoder.encode(text) },
    ...(site === undefined ? [] : [{ name: 'picket.yaml', bytes: encoder.encode(site) }]),
  ];
  const declaration = declarationOf(files);
  return { found: problemsOf(declaration, files), counts: declaration.set.counts };
}

const before = skip ? [] : check({ text: original }).found;
const lineOf = ({ span }: Diagnostic) => span?.start.line ?? 0;
const tell = (one: Diagnostic) => `${one.code}:${lineOf(one)} ${one.message}`;

/** What is found in the changed document, and which of it was found in the document as it was: the same code, at the same place. */
function compare(texts: Texts) {
  const { found, counts } = check(texts);
  const origins = originOfLines(original, texts.text);
  const isSame = (now: Diagnostic, then: Diagnostic) =>
    now.code === then.code &&
    now.span?.file === name &&
    (origins.get(lineOf(now)) ?? []).includes(lineOf(then));
  return {
    found,
    counts,
    fresh: found.filter((now) => !before.some((then) => isSame(now, then))),
    left: (then: Diagnostic) => found.filter((now) => isSame(now, then)),
  };
}

/** The exceptions that were met. */
const needed = new Set<Revealed>();

/** The finding is gone, nothing worse has come, and every object of the document is still read. */
function expectMended(then: Diagnostic, texts: Texts, way: string): void {
  const { found, counts, fresh, left } = compare(texts);
  const title = `${then.code}:${lineOf(then)} ${way}`;
  const count = (list: readonly Diagnostic[]) => list.filter(({ code }) => code === then.code).length;
  expect.soft(left(then).map(tell), title).toEqual([]);
  expect.soft(count(found), title).toBe(count(before) - 1);
  const errors = fresh.filter(({ severity, code }) => {
    const revealed = reveals.find((one) => one.by === then.code && one.code === code);
    if (revealed) needed.add(revealed);
    return severity === 'error' && revealed === undefined;
  });
  expect.soft(errors.map(tell), title).toEqual([]);
  expect.soft(fresh.filter((one) => one.class === 'schema').map(tell), title).toEqual([]);
  const objects = texts.text.split('\n').filter((line) => line.startsWith('apiVersion:')).length;
  expect.soft(counts, title).toMatchObject({ refused: 0, notManifests: 0, resources: objects });
}

test.skipIf(skip)(`each finding of the document goes when its help is followed${why}`, () => {
  const used = new Set<(typeof mends)[number]>();
  const left: string[] = [];
  let [byFix, byHand] = [0, 0];
  for (const then of before) {
    const ways = mends.filter(({ code, line }) => code === then.code && line === lineOf(then));
    for (const mend of ways) {
      used.add(mend);
      expectMended(then, edited(original, mend.edits), mend.way);
    }
    if (then.fix !== undefined) {
      expectMended(then, { text: applyEdits(then.fix.edits, original) }, 'by its fix');
    }
    if (then.fix !== undefined) byFix++;
    else if (ways.length > 0) byHand++;
    else left.push(tell(then));
  }
  expect(left, 'findings without a mend').toEqual([]);
  expect(
    mends.filter((mend) => !used.has(mend)).map(({ code, line, way }) => `${code}:${line} ${way}`),
    'mends without a finding',
  ).toEqual([]);
  expect(
    reveals.filter((one) => !needed.has(one)),
    'exceptions that nothing needs',
  ).toEqual([]);
  expect(reveals.length).toBeLessThanOrEqual(3);
  console.info(
    `${before.length} findings: ${byFix} mended by their fix, ${byHand} by hand as their help says (${mends.length} ways), ${left.length} left out; ${reveals.map(({ by, code, why }) => `${by} shows ${code}: ${why}`).join('; ')}`,
  );
});

test.skipIf(skip).each([
  ['--fix', ['--fix'], (one: Diagnostic) => one.fix?.safe === true],
  ['--fix --unsafe-fixes', ['--fix', '--unsafe-fixes'], (one: Diagnostic) => one.fix !== undefined],
])(`check %s mends what it can, and nothing new comes${why}`, (options, args, isFixed) => {
  using folder = temporaryFolder();
  const copy = join(folder.path, name);
  copyFileSync(document, copy);
  expect(picket(['check', copy, ...args]).code).toBe(1);
  const text = readFileSync(copy, 'utf8');
  const { found, counts, fresh, left } = compare({ text });
  expect(found.filter(isFixed).map(tell)).toEqual([]);
  expect(before.filter(isFixed).flatMap(left).map(tell)).toEqual([]);
  const isRevealed = ({ code }: Diagnostic) =>
    reveals.some((one) => one.code === code && before.some((then) => then.code === one.by && isFixed(then)));
  expect(fresh.filter((one) => !isRevealed(one)).map(tell)).toEqual([]);
  expect(counts.refused).toBe(0);
  console.info(`after ${options} ${found.length} of ${before.length} findings are left`);
});
