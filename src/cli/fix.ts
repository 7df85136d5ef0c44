import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import type { Diagnostic, Fix } from '../diagnostic/diagnostic.ts';
import { applyEdits, compatibleFixes } from '../diagnostic/fix.ts';
import { decodeText } from '../manifest/decode.ts';
import type { InputFile } from '../manifest/resource.ts';

/** Repairing one finding may show another; this many rounds at most. */
const maxRounds = 20;

/** What fixing came to. Nothing is written yet. */
export interface Fixed {
  /** Files with what they hold after the fixes; those that did not change are the same objects. */
  readonly files: readonly InputFile[];
  /** The fixes that were made, in order. */
  readonly made: readonly Fix[];
  /** What is still found. */
  readonly left: readonly Diagnostic[];
}

/**
 * Applies the fixes of what `find` finds, round by round until none is left: only safe ones, or all with `unsafe`.
 * Files that are not UTF-8 are left alone.
 */
export function fixFiles(
  files: readonly InputFile[],
  find: (files: readonly InputFile[]) => readonly Diagnostic[],
  unsafe: boolean,
): Fixed {
  const made: Fix[] = [];
  const useless = new Set<string>();
  let current = files;
  let left = find(current);
  for (let round = 0; round < maxRounds; round++) {
    const writable = new Set(current.filter(({ bytes }) => isUtf8(bytes)).map(({ name }) => name));
    const offered = left.filter(({ fix, ...found }) => {
      return fix?.edits.every(({ span }) => writable.has(span.file)) && !useless.has(keyOf(found));
    });
    const chosen = compatibleFixes(
      offered.flatMap(({ fix }) => fix ?? []),
      unsafe,
    );
    if (chosen.length === 0) break;
    const next = current.map((file) => edited(file, chosen));
    const found = find(next);
    const [before, after] = [tally(left), tally(found)];
    // A fix after which its finding is still there would be made for ever: it is not made at all.
    const idle = offered.filter((one) => {
      const key = keyOf(one);
      return (
        one.fix !== undefined && chosen.includes(one.fix) && (after.get(key) ?? 0) >= (before.get(key) ?? 0)
      );
    });
    for (const one of idle) useless.add(keyOf(one));
    if (idle.length > 0) continue;
    made.push(...chosen);
    current = next;
    left = found;
  }
  return { files: current, made, left };
}

function keyOf({ code, message, span }: Pick<Diagnostic, 'code' | 'message' | 'span'>): string {
  return JSON.stringify([code, message, span?.file]);
}

function tally(diagnostics: readonly Diagnostic[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of diagnostics) counts.set(keyOf(one), (counts.get(keyOf(one)) ?? 0) + 1);
  return counts;
}

function edited(file: InputFile, fixes: readonly Fix[]): InputFile {
  const edits = fixes.flatMap((fix) => fix.edits).filter(({ span }) => span.file === file.name);
  if (edits.length === 0) return file;
  const mark = hasMark(file.bytes) ? '\ufeff' : '';
  const text = applyEdits(edits, decodeText(file.bytes).text);
  return { name: file.name, bytes: new TextEncoder().encode(mark + text) };
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function isUtf8(bytes: Uint8Array): boolean {
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return !utf16 && decodeText(bytes).fault === undefined;
}

/** Returns the changes as one patch that `git apply` and `patch -p1` take, and `git apply -R` undoes. */
export function patchOf(before: readonly InputFile[], after: readonly InputFile[]): string {
  return before
    .flatMap((file, index) => {
      const changed = after[index];
      if (changed === undefined || changed === file) return [];
      const name = file.name.replace(/^\.?\/+/, '');
      const [old, now] = [decodeText(file.bytes).text, decodeText(changed.bytes).text];
      return createTwoFilesPatch(`a/${name}`, `b/${name}`, old, now).replace(/^=+\n/, '');
    })
    .join('');
}

/** Writes the files that changed. Throws when one cannot be written. */
export function writeFixed(before: readonly InputFile[], after: readonly InputFile[], cwd: string): void {
  for (const [index, file] of after.entries()) {
    if (file !== before[index]) writeFileSync(resolve(cwd, file.name), file.bytes);
  }
}
