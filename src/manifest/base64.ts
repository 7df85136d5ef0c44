/** What base64 text stands for. */
export interface DecodedBytes {
  readonly bytes: Uint8Array;
  /** The bytes as UTF-8; undefined when they are none. */
  readonly text: string | undefined;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Decodes standard base64 with padding (RFC 4648 §4) as the API server does: line breaks are ignored, any other blank is
 * an error. Undefined when `encoded` is no base64.
 */
export function decodeBase64(encoded: string): DecodedBytes | undefined {
  const digits = encoded.replaceAll(/[\r\n]+/g, '');
  if (digits.length % 4 !== 0 || !BASE64.test(digits)) return undefined;
  const binary = atob(digits);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return { bytes, text: utf8(bytes) };
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
