import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { declarationOf } from '../../src/cli/load-posture.ts';
import { problemsOf } from '../../src/cli/problems.ts';
import type { Diagnostic } from '../../src/diagnostic/diagnostic.ts';
import { applyEdits } from '../../src/diagnostic/fix.ts';
import { picket, shared, temporaryFolder } from '../harness.ts';
import { type Edit, mends } from './mends.ts';

const document = join(shared, 'seed/network-security.md');
const skip = existsSync(document) ? undefined : `needs ${document}`;
const original = skip ? '' : readFileSync(document, 'utf8');

/** The document, and the site file beside it. */
interface Texts {
  readonly text: string;
  readonly site?: string;
}

function check({ text, site }: Texts): Diagnostic[] {
  const encoder = new TextEncoder();
  const files = [
    { name: 'network-security.md', bytes: encoder.encode(text) },
    ...(site === undefined ? [] : [{ name: 'picket.yaml', bytes: encoder.encode(site) }]),
  ];
  return problemsOf(declarationOf(files), files);
}

/** The document with changes; lines are counted as they are before all of them. */
function edited(edits: readonly Edit[]): Texts {
  const lines: string[][] = original.split('\n').map((line) => [line]);
  const at = (number: number) => lines[number - 1] as string[];
  const blocks: string[] = [];
  let site: string | undefined;
  for (const edit of edits) {
    if ('old' in edit) {
      const [line = ''] = at(edit.line).splice(-1);
      expect(line, `line ${edit.line}`).toContain(edit.old);
      at(edit.line).push(line.replace(edit.old, edit.wanted));
    } else if ('after' in edit) at(edit.after).push(...edit.lines);
    else if ('before' in edit) at(edit.before - 1).push(...edit.lines);
    else if ('remove' in edit) {
      for (let number = edit.remove; number <= (edit.to ?? edit.remove); number++) at(number).splice(0, 1);
    } else if ('append' in edit) blocks.push(`\n\`\`\`yaml\n${edit.append}\n\`\`\`\n`);
    else if ('site' in edit) site = edit.site;
    else {
      const index = lines.findIndex(([line = '']) => /^\s+W0lud/.test(line));
      const [line = ''] = lines[index] as string[];
      const config = Buffer.from(line.trim(), 'base64').toString();
      expect(config).toContain(edit.tunnel);
      lines[index] = [`    ${Buffer.from(config.replace(edit.tunnel, edit.wanted)).toString('base64')}`];
    }
  }
  const text = lines.flat().join('\n') + blocks.join('');
  return site === undefined ? { text } : { text, site };
}

const keyOf = ({ code, message }: Diagnostic) => `${code} ${message}`;

/** The finding is gone, and there is no error of a kind that was not there before. */
function expectMended(found: Diagnostic, after: readonly Diagnostic[]): void {
  const { code, span } = found;
  const name = `${code}:${span?.start.line}`;
  const same = (list: readonly Diagnostic[]) => list.filter((one) => one.code === code);
  expect
    .soft(same(after).length, `${name}: ${same(after).map(keyOf).join('; ')}`)
    .toBeLessThan(same(before).length);
  expect.soft(after.map(keyOf), name).not.toContain(keyOf(found));
  const known = new Set([...before.map((one) => one.code as string)]);
  const fresh = after.filter((one) => one.severity === 'error' && !known.has(one.code));
  expect.soft(fresh.map(keyOf), name).toEqual([]);
}

const before = skip ? [] : check({ text: original });

test.skipIf(skip)(
  `each finding of the document goes when its help is followed${skip ? `: ${skip}` : ''}`,
  () => {
    const left = new Set(mends);
    let fixes = 0;
    for (const found of before) {
      const byHand = [...left].find(
        ({ code, line }) => code === found.code && line === found.span?.start.line,
      );
      if (byHand !== undefined) {
        left.delete(byHand);
        expectMended(found, check(edited(byHand.edits)));
      }
      if (found.fix !== undefined) {
        fixes++;
        expectMended(found, check({ text: applyEdits(found.fix.edits, original) }));
      }
      expect(byHand ?? found.fix, `${found.code}:${found.span?.start.line} has no mend`).toBeDefined();
    }
    expect([...left].map(({ code, line }) => `${code}:${line}`)).toEqual([]);
    console.info(
      `${before.length} findings mended: ${fixes} by their fix, ${mends.length} by hand as their help says`,
    );
  },
);

test.skipIf(skip)('check --fix --unsafe-fixes mends all that has a fix and lets no new error in', () => {
  using folder = temporaryFolder();
  const copy = join(folder.path, 'network-security.md');
  cpSync(document, copy);
  picket(['check', copy, '--fix', '--unsafe-fixes']);
  const after = check({ text: readFileSync(copy, 'utf8') });
  expect(after.filter(({ fix }) => fix !== undefined).map(keyOf)).toEqual([]);
  const fixed = new Set(before.filter(({ fix }) => fix !== undefined).map(keyOf));
  expect(after.map(keyOf).filter((key) => fixed.has(key))).toEqual([]);
  const codes = new Set(before.map(({ code }) => code));
  const fresh = after.filter(({ code, severity }) => severity === 'error' && !codes.has(code));
  expect(fresh.map(keyOf)).toEqual([]);
  console.info(`after all fixes ${after.length} of ${before.length} findings are left`);
});
