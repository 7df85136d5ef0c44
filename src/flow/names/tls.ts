import { printable } from './printable.ts';

/** What a ClientHello names. */
export interface ClientHello {
  /** Server name (RFC 6066 §3), in lower case. */
  readonly serverName?: string;
  /** First of the application protocols that it offers (RFC 7301 §3.1). */
  readonly alpn?: string;
  /** Bytes of the record from its header on; with fewer at hand, what is missing may follow. */
  readonly length: number;
}

const handshake = 22;
const clientHello = 1;
const extension = { serverName: 0, alpn: 16 } as const;
/** Longest name of a host (RFC 1035 §2.3.4). */
const longestName = 253;

/** Whether a TLS record with a ClientHello begins here (RFC 8446 §5.1, §4.1.2), as far as the first bytes tell. */
export function startsClientHello(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start > 5 &&
    bytes[start] === handshake &&
    bytes[start + 1] === 3 &&
    bytes[start + 2]! <= 4 &&
    bytes[start + 5] === clientHello
  );
}

/**
 * Returns what the ClientHello at `start` names, as far as its bytes are at hand; undefined for anything else. Only its first record
 * is read. Never reads beyond `end`.
 */
export function readClientHello(bytes: Uint8Array, start: number, end: number): ClientHello | undefined {
  if (!startsClientHello(bytes, start, end)) return undefined;
  const length = 5 + u16(bytes, start + 3);
  const limit = Math.min(end, start + length);
  // Record header, handshake header, version, random.
  let at = start + 5 + 4 + 2 + 32;
  if (at < limit) at += 1 + bytes[at]!; // session id
  if (at + 2 <= limit)
    at += 2 + u16(bytes, at); // cipher suites
  else return { length };
  if (at < limit) at += 1 + bytes[at]!; // compression methods
  at += 2; // length of the extensions
  let serverName: string | undefined;
  let alpn: string | undefined;
  while (at + 4 <= limit && (serverName === undefined || alpn === undefined)) {
    const type = u16(bytes, at);
    const from = at + 4;
    const to = from + u16(bytes, at + 2);
    if (to > limit) break;
    if (type === extension.serverName) serverName ??= readServerName(bytes, from, to);
    else if (type === extension.alpn) alpn ??= readAlpn(bytes, from, to);
    at = to;
  }
  return { length, ...(serverName !== undefined && { serverName }), ...(alpn !== undefined && { alpn }) };
}

function readServerName(bytes: Uint8Array, from: number, to: number): string | undefined {
  // Length of the list, then type 0 (host_name) and the length of the name.
  if (to - from < 6 || bytes[from + 2] !== 0) return undefined;
  const start = from + 5;
  const end = start + u16(bytes, from + 3);
  return end > to || end - start > longestName ? undefined : printable(bytes, start, end);
}

function readAlpn(bytes: Uint8Array, from: number, to: number): string | undefined {
  if (to - from < 4) return undefined;
  const end = from + 3 + bytes[from + 2]!;
  return end > to || end === from + 3 ? undefined : printable(bytes, from + 3, end);
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
