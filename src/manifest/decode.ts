/** What the bytes of a file are: text, or why they are not and where (an offset into as much text as there is). */
export type Decoded =
  | { readonly text: string; readonly fault?: undefined }
  | { readonly text: string; readonly fault: 'binary' | 'encoding'; readonly offset: number };

const REPLACEMENT = '\ufffd';

/**
 * Decodes UTF-8, or UTF-16 when a byte order mark says so (YAML 1.2 §5.2); the mark is not part of the text.
 * A NUL byte means a binary file; its text is empty. Invalid sequences stand as U+FFFD in the text.
 */
export function decodeText(bytes: Uint8Array): Decoded {
  const encoding = encodingOf(bytes);
  if (encoding === 'utf-8' && bytes.includes(0)) return { text: '', fault: 'binary', offset: 0 };
  const text = new TextDecoder(encoding).decode(bytes);
  if (text.includes('\0')) return { text: '', fault: 'binary', offset: 0 };
  if (!text.includes(REPLACEMENT) || isValid(bytes, encoding)) return { text };
  return { text, fault: 'encoding', offset: firstInvalid(text, bytes, encoding) };
}

function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

function isValid(bytes: Uint8Array, encoding: string): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Offset in `text` of the first U+FFFD that the decoder put there; everything before it decoded cleanly. */
function firstInvalid(text: string, bytes: Uint8Array, encoding: string): number {
  if (encoding !== 'utf-8') return text.indexOf(REPLACEMENT);
  const encoder = new TextEncoder();
  let offset = 0;
  let byte = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (;;) {
    const next = text.indexOf(REPLACEMENT, offset);
    if (next < 0) return 0;
    byte += encoder.encode(text.slice(offset, next)).length;
    const written = bytes[byte] === 0xef && bytes[byte + 1] === 0xbf && bytes[byte + 2] === 0xbd;
    if (!written) return next;
    byte += 3;
    offset = next + 1;
  }
}
