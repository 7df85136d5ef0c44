import { printable } from './printable.ts';

const methods: ReadonlySet<string> = new Set(
  ['get', 'post', 'head', 'put', 'delete', 'options', 'patch', 'connect', 'trace', 'propfind', 'report'].map(
    (method) => `${method} `,
  ),
);
const longestMethod = 8;
/** How far into a request its Host is looked for. */
const searched = 4096;
/** A name (RFC 1035 §2.3.4), a colon and a port. */
const longestHost = 253 + 6;

/**
 * Returns the Host of an HTTP/1 request (RFC 9110 §7.2) whose first bytes are these, in lower case and without its port; undefined for what is no request or does not show its Host within the first 4096 bytes.
 */
export function readHttpHost(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (!startsAsRequest(bytes, start, end)) return undefined;
  const limit = Math.min(end, start + searched);
  let line = start;
  for (;;) {
    const feed = bytes.indexOf(0x0a, line);
    if (feed < 0 || feed >= limit) return undefined;
    line = feed + 1;
    const first = bytes[line];
    if (first === 0x0d || first === 0x0a) return undefined;
    if (isHost(bytes, line, limit)) return hostOf(bytes, line + 5, limit);
  }
}

function startsAsRequest(bytes: Uint8Array, start: number, end: number): boolean {
  // Most payloads are no text: told by their first two bytes, before anything is made of them.
  if (end - start <= 3 || !isCapital(bytes[start]!) || !isCapital(bytes[start + 1]!)) return false;
  const blank = bytes.subarray(start, Math.min(end, start + longestMethod + 1)).indexOf(0x20);
  if (blank < 3) return false;
  const method = String.fromCharCode(...bytes.subarray(start, start + blank + 1));
  return method === method.toUpperCase() && methods.has(method.toLowerCase());
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

function isHost(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at > 5 &&
    (bytes[at]! | 0x20) === 0x68 &&
    (bytes[at + 1]! | 0x20) === 0x6f &&
    (bytes[at + 2]! | 0x20) === 0x73 &&
    (bytes[at + 3]! | 0x20) === 0x74 &&
    bytes[at + 4] === 0x3a
  );
}

function hostOf(bytes: Uint8Array, at: number, limit: number): string | undefined {
  let from = at;
  while (from < limit && (bytes[from] === 0x20 || bytes[from] === 0x09)) from++;
  let to = from;
  while (to < limit && bytes[to] !== 0x0d && bytes[to] !== 0x0a) to++;
  if (to === limit) return undefined;
  while (to > from && (bytes[to - 1] === 0x20 || bytes[to - 1] === 0x09)) to--;
  if (to - from > longestHost) return undefined;
  const host = printable(bytes, from, to)?.replace(/:\d*$/, '');
  return host === '' ? undefined : host;
}
