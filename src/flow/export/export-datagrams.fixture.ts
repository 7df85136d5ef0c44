/** Bytes of numbers, each as `[value, bytes]`, the highest byte first; of other bytes as they are. */
export function octets(
  ...parts: readonly (readonly [number | bigint, number] | Uint8Array | string)[]
): Uint8Array {
  const bytes: number[] = [];
  for (const part of parts) {
    if (typeof part === 'string') bytes.push(...new TextEncoder().encode(part));
    else if (part instanceof Uint8Array) bytes.push(...part);
    else
      for (let i = part[1] - 1; i >= 0; i--) bytes.push(Number((BigInt(part[0]) >> BigInt(i * 8)) & 0xffn));
  }
  return Uint8Array.from(bytes);
}

/** Bytes of a dotted quad. */
export function quad(text: string): Uint8Array {
  return Uint8Array.from(text.split('.').map(Number));
}

/** A field of a template: element, length, and in IPFIX the enterprise. */
export type Field = readonly [element: number, length: number, enterprise?: number];

function specifier([element, length, enterprise]: Field): Uint8Array {
  return enterprise === undefined
    ? octets([element, 2], [length, 2])
    : octets([element | 0x8000, 2], [length, 2], [enterprise, 4]);
}

/** A set, or flow set, of any id. */
export function set(id: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = octets(...content);
  return octets([id, 2], [body.length + 4, 2], body);
}

/** A template record, to be put into a set of id 0 (v9) or 2 (IPFIX). */
export function template(id: number, fields: readonly Field[]): Uint8Array {
  return octets([id, 2], [fields.length, 2], ...fields.map(specifier));
}

/** A template of options of IPFIX, for a set of id 3. */
export function optionTemplate(id: number, scope: readonly Field[], fields: readonly Field[]): Uint8Array {
  const all = [...scope, ...fields];
  return octets([id, 2], [all.length, 2], [scope.length, 2], ...all.map(specifier));
}

/** A template of options of v9, for a set of id 1. */
export function optionTemplate9(id: number, scope: readonly Field[], fields: readonly Field[]): Uint8Array {
  const all = [...scope, ...fields];
  return octets([id, 2], [scope.length * 4, 2], [fields.length * 4, 2], ...all.map(specifier));
}

/** What a header says; times in seconds, uptime in milliseconds. */
export interface Header {
  readonly time?: number;
  readonly uptime?: number;
  readonly sequence?: number;
  readonly domain?: number;
}

/** When datagrams are exported unless said: 2026-01-01T00:00:00Z, in seconds. */
export const exported = 1_767_225_600;

/** An IPFIX message. */
export function ipfix(
  { time = exported, sequence = 0, domain = 1 }: Header,
  ...sets: readonly Uint8Array[]
): Uint8Array {
  const body = octets(...sets);
  return octets([10, 2], [body.length + 16, 2], [time, 4], [sequence, 4], [domain, 4], body);
}

/** A NetFlow 9 datagram. */
export function v9(
  {
    time = exported,
    uptime = 1_000_000,
    sequence = 0,
    domain = 1,
    count = 1,
  }: Header & { readonly count?: number },
  ...sets: readonly Uint8Array[]
): Uint8Array {
  return octets([9, 2], [count, 2], [uptime, 4], [time, 4], [sequence, 4], [domain, 4], ...sets);
}

/** A record of NetFlow 5. */
export function v5Record({
  source = '192.0.2.1',
  destination = '198.51.100.2',
  packets = 1,
  bytes = 40,
  first = 999_000,
  last = 999_500,
  sourcePort = 40_000,
  destinationPort = 443,
  flags = 0x12,
  protocol = 6,
} = {}): Uint8Array {
  return octets(
    quad(source),
    quad(destination),
    [0, 4],
    [3, 2],
    [4, 2],
    [packets, 4],
    [bytes, 4],
    [first, 4],
    [last, 4],
    [sourcePort, 2],
    [destinationPort, 2],
    [0, 1],
    [flags, 1],
    [protocol, 1],
    [0, 1],
    [0, 8],
  );
}

/** A NetFlow 5 datagram. */
export function v5(
  {
    time = exported,
    uptime = 1_000_000,
    sequence = 0,
    nanoseconds = 0,
    sampling = 0,
    engine = 0,
    count = -1,
  },
  ...records: readonly Uint8Array[]
): Uint8Array {
  return octets(
    [5, 2],
    [count < 0 ? records.length : count, 2],
    [uptime, 4],
    [time, 4],
    [nanoseconds, 4],
    [sequence, 4],
    [engine, 2],
    [sampling, 2],
    ...records,
  );
}
