import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Diagnostic, Fix } from '../diagnostic/diagnostic.ts';
import { LineIndex } from '../diagnostic/position.ts';
import type { InputFile } from '../manifest/resource.ts';
import { fixFiles, patchOf, writeFixed } from './fix.ts';

const file = (name: string, text: string): InputFile => ({ name, bytes: new TextEncoder().encode(text) });
const textOf = ({ bytes }: InputFile) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

/** Finds every `old` of the files; the fix makes `now` of it. */
function finder(old: string, now: string, safe = true) {
  return (files: readonly InputFile[]): Diagnostic[] =>
    files.flatMap((one) => {
      const text = new TextDecoder().decode(one.bytes);
      const index = new LineIndex(text);
      return [...text.matchAll(new RegExp(old, 'g'))].map((match): Diagnostic => {
        const span = index.span(one.name, match.index, match.index + match[0].length);
        const fix: Fix = { title: now, safe, edits: [{ span, text: now }] };
        return {
          code: 'PKT9001',
          severity: 'warning',
          class: 'provable',
          message: old,
          span,
          related: [],
          fix,
        };
      });
    });
}

test('all that is safe is fixed, and the rest is left', () => {
  const before = [file('a.yaml', 'x: old\ny: old\n'), file('b.yaml', 'z: 1\n')];
  const { files, made, left } = fixFiles(before, finder('old', 'new'), false);
  expect(files.map(textOf)).toEqual(['x: new\ny: new\n', 'z: 1\n']);
  expect([made.length, left.length]).toEqual([2, 0]);
  expect(files[1]).toBe(before[1]);
  expect(fixFiles(before, finder('old', 'new', false), false).made).toEqual([]);
  expect(fixFiles(before, finder('old', 'new', false), true).made).toHaveLength(2);
});

test('a fix that does not help is not made', () => {
  const before = [file('a.yaml', 'x: old\n')];
  const { files, made, left } = fixFiles(before, finder('old', 'old # mended'), false);
  expect(files[0]).toBe(before[0]);
  expect([made.length, left.length]).toEqual([0, 1]);
});

test('a byte order mark and line ends stay; files of other encodings are left alone', () => {
  const utf16: InputFile = { name: 'b.yaml', bytes: new Uint8Array([0xff, 0xfe, 0x6f, 0, 0x6c, 0, 0x64, 0]) };
  const { files } = fixFiles([file('a.yaml', '\ufeffx: old\r\n'), utf16], finder('old', 'new'), false);
  expect(textOf(files[0]!)).toBe('\ufeffx: new\r\n');
  expect(files[1]).toBe(utf16);
});

test('the patch is what git applies, and undoes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'picket-fix-'));
  try {
    const before = [file('k8s/a.yaml', 'x: old\ny: 2\n'), file('k8s/b.yaml', 'z: old')];
    mkdirSync(join(folder, 'k8s'));
    for (const one of before) writeFileSync(join(folder, one.name), one.bytes);
    const { files } = fixFiles(before, finder('old', 'new'), false);
    writeFileSync(join(folder, 'fix.patch'), patchOf(before, files));
    const apply = (...flags: string[]) =>
      execFileSync('git', ['apply', ...flags, 'fix.patch'], { cwd: folder });
    apply();
    expect(readFileSync(join(folder, 'k8s/a.yaml'), 'utf8')).toBe('x: new\ny: 2\n');
    apply('-R');
    expect(readFileSync(join(folder, 'k8s/b.yaml'), 'utf8')).toBe('z: old');
    writeFixed(before, files, folder);
    expect(readFileSync(join(folder, 'k8s/b.yaml'), 'utf8')).toBe('z: new');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
