import type { Span, TextEdit } from '../../diagnostic/diagnostic.ts';
import type { EmbeddedDocument } from '../../manifest/embedded.ts';
import type { Path, Resource, SourceTexts } from '../../manifest/resource.ts';

/**
 * Text edits of block-style YAML for fixes. Each returns undefined where the text is written in another way (flow style,
 * JSON, a quoted Markdown block), where no edit is safe to offer.
 */

/** What knows the places of its values: a resource or a document inside one. */
export type EditedYaml = Pick<Resource, 'at'> | Pick<EmbeddedDocument, 'at'>;

/** Returns the edit that appends an item to the list at `path`; `lines` are the item's, without dash and indentation. */
export function appendItem(
  sources: SourceTexts,
  source: EditedYaml,
  path: Path,
  lines: readonly string[],
): TextEdit | undefined {
  const span = source.at(path);
  const text = sources.get(span.file);
  if (text?.[span.start.offset] !== '-') return undefined;
  return insertBlock(text, span, `- ${lines.join('\n  ')}`);
}

/** Returns the edit that puts `lines` behind the last field of the mapping at `path`. */
export function appendFields(
  sources: SourceTexts,
  source: EditedYaml,
  path: Path,
  lines: readonly string[],
): TextEdit | undefined {
  const span = source.at(path);
  const text = sources.get(span.file);
  if (text === undefined || /["'{[>|&*!]/.test(text[span.start.offset] ?? '')) return undefined;
  return insertBlock(text, span, lines.join('\n'));
}

/** Returns the edit that adds a document behind the one of `source`, which must be a document of its own. */
export function appendDocument(
  sources: SourceTexts,
  source: Resource,
  document: string,
): TextEdit | undefined {
  const { span } = source;
  const text = sources.get(source.file);
  if (text === undefined || span.start.column !== 1 || text[span.start.offset] === '{') return undefined;
  return insertBlock(text, span, `---\n${document.trimEnd()}`);
}

/** Returns the edit that takes out the whole lines of a field whose key and value span these places. */
export function removeLines(sources: SourceTexts, key: Span, value: Span): TextEdit | undefined {
  const text = sources.get(key.file);
  if (text === undefined) return undefined;
  const start = text.lastIndexOf('\n', key.start.offset - 1) + 1;
  const end = lineEnd(text, Math.max(key.end.offset, value.end.offset));
  if (!/^\s*$/.test(text.slice(start, key.start.offset))) return undefined;
  const position = { line: key.start.line, column: 1, offset: start };
  const next = Math.min(end + 1, text.length);
  const last = { line: value.end.line + 1, column: 1, offset: next };
  return { span: { file: key.file, start: position, end: last }, text: '' };
}

/** Returns the edit that puts `lines` in place of a field of its own line, whose key and value span these places. */
export function replaceField(
  sources: SourceTexts,
  key: Span,
  value: Span,
  lines: readonly string[],
): TextEdit | undefined {
  const text = sources.get(key.file);
  if (text === undefined) return undefined;
  const before = text.slice(text.lastIndexOf('\n', key.start.offset - 1) + 1, key.start.offset);
  if (!/^[ -]*$/.test(before)) return undefined;
  const span = { file: key.file, start: key.start, end: value.end };
  return { span, text: lines.join(`\n${' '.repeat(before.length)}`) };
}

/** Returns the edit that writes another text in place of the scalar at `span`, within its quotes; `old` is how it is read. */
export function replaceText(
  sources: SourceTexts,
  span: Span,
  old: string,
  wanted: string,
): TextEdit | undefined {
  const text = sources.get(span.file)?.slice(span.start.offset, span.end.offset);
  const quote = text?.[0] === '"' || text?.[0] === "'" ? text[0] : '';
  if (text !== quote + old + quote || /["'\\\r\n]/.test(wanted)) return undefined;
  // A plain scalar must not begin with an indicator such as `*`.
  const needed = quote === '' && !/^[A-Za-z0-9][\w./+:-]*$/.test(wanted) ? '"' : quote;
  return { span, text: needed + wanted + needed };
}

/** Returns whether the text is a name of an object, which YAML takes as it is. */
export function isPlainName(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(text);
}

/** Inserts lines behind the block at `span`, indented as that block is. */
function insertBlock(text: string, { file, start, end }: Span, block: string): TextEdit | undefined {
  const lineStart = text.lastIndexOf('\n', start.offset - 1) + 1;
  const before = text.slice(lineStart, start.offset);
  // Items of a list may open on the line of their parent's dash; a quoted Markdown block has other signs there.
  if (!/^[\s-]*$/.test(before)) return undefined;
  const indent = ' '.repeat(before.length);
  const lines = block.split('\n').map((line) => (line === '' ? line : indent + line));
  const next = text.indexOf('\n', end.offset) + 1;
  if (next === 0) {
    const column = end.column + text.length - end.offset;
    const position = { line: end.line, column, offset: text.length };
    return { span: { file, start: position, end: position }, text: `\n${lines.join('\n')}` };
  }
  const position = { line: end.line + 1, column: 1, offset: next };
  return { span: { file, start: position, end: position }, text: `${lines.join('\n')}\n` };
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  if (end < 0) return text.length;
  return text[end - 1] === '\r' && end > from ? end - 1 : end;
}
