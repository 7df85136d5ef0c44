import type { LineIndex } from '../diagnostic/position.ts';
import { embeddedLines, type Fragment } from './fragment.ts';

/** Block quote markers, indentation, then a run of at least three backticks or tildes and the info string. */
const FENCE = /^((?:[ \t]*>)*)([ \t]*)(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?(`{3,}|~{3,})(.*)$/;
const LANGUAGE = /^\s*\{?\s*\.?([A-Za-z0-9_+-]+)/;
const READ = new Set(['yaml', 'yml', 'json']);

/**
 * The fenced code blocks of a Markdown text (CommonMark §4.5) whose language is yaml, yml or json. Attributes
 * after the language are ignored; blocks may be indented to any depth, stand in lists and block quotes, and
 * end with the file when they are not closed.
 */
export function fencedBlocks(index: LineIndex): Fragment[] {
  const blocks: Fragment[] = [];
  for (let line = 1; line <= index.lineCount; line++) {
    const opening = FENCE.exec(index.lineText(line));
    if (!opening) continue;
    const [, quote = '', indentation = '', fence = '', info = ''] = opening;
    if (fence[0] === '`' && info.includes('`')) continue;
    const quoteDepth = quote.split('>').length - 1;
    const first = line + 1;
    line = closingLine(index, first, fence, quoteDepth);
    const language = LANGUAGE.exec(info)?.[1]?.toLowerCase();
    if (language && READ.has(language)) {
      blocks.push(blockOf(index, first, line, quoteDepth, indentation.length));
    }
  }
  return blocks;
}

/** The line that ends the block whose content starts at `first`: its closing fence, or one past its last line. */
function closingLine(index: LineIndex, first: number, fence: string, quoteDepth: number): number {
  let line = first;
  for (; line <= index.lineCount; line++) {
    const text = index.lineText(line);
    const start = afterQuotes(text, quoteDepth);
    if (start === undefined) return line - 1;
    const rest = text.slice(start).trim();
    if (rest.length >= fence.length && rest === fence[0]!.repeat(rest.length)) return line;
  }
  return line;
}

function blockOf(index: LineIndex, first: number, end: number, quoteDepth: number, indent: number): Fragment {
  const parts: string[] = [];
  const inner: number[] = [];
  const outer: number[] = [];
  let length = 0;
  for (let line = first; line < end; line++) {
    const text = index.lineText(line);
    let from = afterQuotes(text, quoteDepth) ?? 0;
    const limit = from + indent;
    while (from < limit && (text[from] === ' ' || text[from] === '\t')) from++;
    inner.push(length);
    const fileStart = index.lineStart(line);
    const mark = fileStart === 0 && index.text.charCodeAt(0) === 0xfeff ? 1 : 0;
    outer.push(fileStart + mark + from);
    parts.push(text.slice(from), '\n');
    length += text.length - from + 1;
  }
  inner.push(length);
  outer.push(index.lineStart(end));
  return embeddedLines(parts.join(''), inner, outer);
}

/** Where the text begins after `depth` block quote markers and the one space that may follow; undefined when it has fewer. */
function afterQuotes(text: string, depth: number): number | undefined {
  let at = 0;
  for (let quote = 0; quote < depth; quote++) {
    while (text[at] === ' ' || text[at] === '\t') at++;
    if (text[at] !== '>') return undefined;
    at++;
    if (text[at] === ' ') at++;
  }
  return at;
}
