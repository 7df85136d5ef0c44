/** A key at the beginning of a line, with its colon. */
const KEY = /^\s*(?:- +)*["']?[\w./-]+["']?\s*:(?=\s|$)/;

/**
 * Returns `text` with every character that is neither blank nor part of a key that begins its line replaced by `*`. The
 * length stays, so that places in the text do.
 */
export function maskValues(text: string): string {
  return text.replaceAll(/[^\r\n]+/g, (line) => {
    const key = KEY.exec(line)?.[0] ?? '';
    return key + line.slice(key.length).replaceAll(/\S/g, '*');
  });
}
