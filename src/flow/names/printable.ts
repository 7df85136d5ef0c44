/**
 * Returns the bytes as lower-case text when all of them are printable ASCII without blanks, else undefined: a name is kept as it
 * was or not at all, since one with something left out may be the name of somebody else.
 */
export function printable(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  for (let at = start; at < end; at++) {
    const code = bytes[at]!;
    if (code <= 0x20 || code >= 0x7f) return undefined;
    text += String.fromCharCode(code >= 0x41 && code <= 0x5a ? code | 0x20 : code);
  }
  return text;
}
