/** A stretch of a text, end exclusive. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
}

const MARKER = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm;

/**
 * Splits a YAML stream into its documents. A line that starts with `---` or `...` before a blank or the line's
 * end always stands between documents, even inside quotes (YAML 1.2 §9.1.2 `c-forbidden`), so that each can be parsed,
 * bounded and refused alone. Directives and comments before `---` stay with the document they precede.
 */
export function* splitDocuments(text: string): Generator<Chunk> {
  let start = 0;
  MARKER.lastIndex = 0;
  const markers = text.matchAll(MARKER);
  for (const marker of markers) {
    const at = marker.index;
    if (marker[0] === '---') {
      const content = hasContent(text, start, at);
      if (content) yield { start, end: at };
      // Only what comes before the first marker of a document may be its directives.
      if (content || text.startsWith('---', start)) start = at;
    } else if (hasContent(text, start, at)) {
      const end = at + 3;
      yield { start, end };
      start = end;
    } else {
      start = at + 3;
    }
  }
  if (hasContent(text, start, text.length)) yield { start, end: text.length };
}

/** Splits JSON lines: one document a line, blank lines left out. */
export function* splitLines(text: string): Generator<Chunk> {
  let start = 0;
  while (start < text.length) {
    const feed = text.indexOf('\n', start);
    const end = feed < 0 ? text.length : feed;
    if (/\S/.test(text.slice(start, end))) yield { start, end };
    start = end + 1;
  }
}

const LINE = /[^\r\n]+/y;

/** Whether there is more than blank lines, comments, directives and one opening marker between the offsets. */
function hasContent(text: string, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    LINE.lastIndex = at;
    const line = LINE.exec(text)?.[0].slice(0, end - at);
    if (line === undefined) {
      at++;
      continue;
    }
    at += line.length;
    const rest = line.replace(/^---(?=[ \t]|$)/, '').trimStart();
    if (rest !== '' && !rest.startsWith('#') && !line.startsWith('%')) return true;
  }
  return false;
}
