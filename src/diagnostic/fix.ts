import type { Fix, TextEdit } from './diagnostic.ts';

/**
 * Returns `text`, the content of `file`, with the fix's edits of that file made. Insertions at one place are made in the
 * order in which they are listed. Throws a RangeError when edits overlap or lie outside the text.
 */
export function applyFix(fix: Fix, file: string, text: string): string {
  return applyEdits(
    fix.edits.filter(({ span }) => span.file === file),
    text,
  );
}

/** As {@link applyFix}, for edits that are all of one file. */
export function applyEdits(edits: readonly TextEdit[], text: string): string {
  const ordered = edits
    .map((edit, index) => ({
      start: edit.span.start.offset,
      end: edit.span.end.offset,
      text: edit.text,
      index,
    }))
    .sort((x, y) => x.start - y.start || x.end - y.end || x.index - y.index);
  let result = '';
  let done = 0;
  for (const { start, end, text: replacement } of ordered) {
    if (start < done) throw new RangeError(`edits overlap at offset ${start}`);
    if (end < start || end > text.length) throw new RangeError(`edit ${start}-${end} lies outside the text`);
    result += text.slice(done, start) + replacement;
    done = end;
  }
  return result + text.slice(done);
}

/**
 * Returns the fixes that can be made at once: no two of them touch the same text, earlier ones go first. With
 * `unsafe` false only those marked safe. Others may follow in a next round, on the changed text.
 */
export function compatibleFixes(fixes: readonly Fix[], unsafe: boolean): Fix[] {
  const taken = new Map<string, { readonly start: number; readonly end: number }[]>();
  return fixes.filter((fix) => {
    if (!fix.safe && !unsafe) return false;
    const places = fix.edits.map(({ span }) => ({
      file: span.file,
      start: span.start.offset,
      end: span.end.offset,
    }));
    const free = places.every(({ file, start, end }) =>
      (taken.get(file) ?? []).every((other) => end < other.start || start > other.end),
    );
    if (free) for (const { file, ...place } of places) taken.set(file, [...(taken.get(file) ?? []), place]);
    return free;
  });
}
