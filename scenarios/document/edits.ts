import { diffArrays } from 'diff';

/** One change of the document by hand; `line` counts as in the document as it is. */
export type Edit =
  /** Within one line, which must hold the old text. */
  | { readonly line: number; readonly old: string; readonly wanted: string }
  /** Behind a line. */
  | { readonly after: number; readonly lines: readonly string[] }
  | { readonly before: number; readonly lines: readonly string[] }
  | { readonly remove: number; readonly to?: number }
  /** As a yaml block of its own at the end. */
  | { readonly append: string }
  /** In the configuration of the tunnel, which the document holds in base64. */
  | { readonly tunnel: string; readonly wanted: string }
  /** The site file beside it. */
  | { readonly site: string };

/** The document, and the site file beside it. */
export interface Texts {
  readonly text: string;
  readonly site?: string;
}

/** Returns the document with changes. Throws when a line does not hold what an edit wants to replace. */
export function edited(original: string, edits: readonly Edit[]): Texts {
  const lines: string[][] = original.split('\n').map((line) => [line]);
  const at = (number: number) => lines[number - 1] as string[];
  const blocks: string[] = [];
  let site: string | undefined;
  for (const edit of edits) {
    if ('old' in edit) {
      const [line = ''] = at(edit.line).splice(-1);
      at(edit.line).push(replaced(line, edit.old, edit.wanted));
    } else if ('after' in edit) at(edit.after).push(...edit.lines);
    else if ('before' in edit) at(edit.before - 1).push(...edit.lines);
    else if ('remove' in edit) {
      for (let number = edit.remove; number <= (edit.to ?? edit.remove); number++) at(number).splice(0, 1);
    } else if ('append' in edit) blocks.push(`\n\`\`\`yaml\n${edit.append}\n\`\`\`\n`);
    else if ('site' in edit) site = edit.site;
    else {
      // `[Interface]` in base64, or what an edit before this one has made of it.
      const index = lines.findIndex(([line = '']) => /^\s+W0lud/.test(line));
      const [line = ''] = lines[index] as string[];
      const config = replaced(Buffer.from(line.trim(), 'base64').toString(), edit.tunnel, edit.wanted);
      lines[index] = [`    ${Buffer.from(config).toString('base64')}`];
    }
  }
  const text = lines.flat().join('\n') + blocks.join('');
  return site === undefined ? { text } : { text, site };
}

function replaced(text: string, old: string, wanted: string): string {
  if (!text.includes(old)) throw new Error(`"${text}" does not hold "${old}"`);
  return text.replace(old, () => wanted);
}

/**
 * Returns where each line of a changed text (1-based) was before: one line when it is as it was, all the lines in whose place
 * it stands when they were replaced, none when it is new.
 */
export function originOfLines(original: string, changed: string): ReadonlyMap<number, readonly number[]> {
  const origins = new Map<number, readonly number[]>();
  let [old, now] = [1, 1];
  let replacing: number[] = [];
  for (const { added, removed, value } of diffArrays(original.split('\n'), changed.split('\n'))) {
    if (removed) {
      replacing = value.map((_, index) => old + index);
      old += value.length;
      continue;
    }
    for (const _ of value) origins.set(now++, added ? replacing : [old++]);
    replacing = [];
  }
  return origins;
}
