const text = new TextEncoder();

/** Types of records (RFC 1035 §3.2.2, RFC 3596, RFC 9460). */
export const RecordType = { a: 1, cname: 5, ptr: 12, mx: 15, txt: 16, aaaa: 28, srv: 33, https: 65 } as const;

/** Returns a question of DNS, or with `answer` the answer to it (RFC 1035 §4.1); `address` as 32 bits. */
export function dnsMessage(
  id: number,
  name: string,
  type: number,
  answer?: { readonly code: number; readonly address?: number; readonly text?: string },
): Uint8Array {
  const labels = name.split('.');
  const bytes: number[] = [id >>> 8, id & 255];
  const data = answer === undefined ? [] : dataOf(answer);
  // Recursion is desired, and had.
  bytes.push(answer === undefined ? 0x01 : 0x81, answer === undefined ? 0x00 : 0x80 | answer.code);
  bytes.push(0, 1, 0, data.length > 0 ? 1 : 0, 0, 0, 0, 0);
  for (const label of labels) bytes.push(label.length, ...text.encode(label));
  bytes.push(0, 0, type, 0, 1);
  if (data.length > 0)
    bytes.push(0xc0, 12, 0, type, 0, 1, 0, 0, 1, 0x2c, data.length >>> 8, data.length & 255, ...data);
  return Uint8Array.from(bytes);
}

function dataOf({ address, text: value }: { readonly address?: number; readonly text?: string }): number[] {
  if (address !== undefined) return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
  if (value === undefined) return [];
  const bytes = text.encode(value);
  const strings: number[] = [];
  for (let at = 0; at < bytes.length; at += 255) {
    const part = bytes.subarray(at, at + 255);
    strings.push(part.length, ...part);
  }
  return strings;
}

/** Returns the first message of TLS 1.2 and later (RFC 8446 §4.1.2) with the name of the server in it (RFC 6066 §3). */
export function clientHello(name: string): Uint8Array {
  const host = text.encode(name);
  const sni = [0, 0, ...u16(host.length + 5), ...u16(host.length + 3), 0, ...u16(host.length), ...host];
  const versions = [0, 43, 0, 3, 2, 3, 4];
  const extensions = [...sni, ...versions];
  const body = [
    3,
    3,
    ...new Array<number>(32).fill(7),
    0,
    ...u16(4),
    0x13,
    0x01,
    0x13,
    0x02,
    1,
    0,
    ...u16(extensions.length),
    ...extensions,
  ];
  return Uint8Array.from([22, 3, 1, ...u16(body.length + 4), 1, 0, ...u16(body.length), ...body]);
}

/** Returns a request of HTTP/1.1. */
export function httpRequest(host: string, path: string): Uint8Array {
  return text.encode(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
}

function u16(number: number): [number, number] {
  return [number >>> 8, number & 255];
}
