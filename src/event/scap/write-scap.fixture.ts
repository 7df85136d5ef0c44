/** An event as it stands in a capture: the number of its recorded type, and its parameters as bytes. */
export interface WrittenEvent {
  readonly number: number;
  readonly tid?: number;
  readonly time?: bigint;
  readonly values: readonly Uint8Array[];
}

/** A NUL-terminated text. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}

export function u16(value: number): Uint8Array {
  return new Uint8Array(new Uint16Array([value]).buffer);
}

export function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

export function i64(value: number): Uint8Array {
  return new Uint8Array(new BigInt64Array([BigInt(value)]).buffer);
}

/** Returns a capture with these events, as sysdig wrote them until 2021. */
export function scapOf(events: readonly WrittenEvent[]): Uint8Array {
  const header = joined([u32(0x1a2b3c4d), u16(1), u16(2), i64(-1)]);
  return joined([block(0x0a0d0d0a, header), ...events.map((event) => block(0x204, eventBytes(event)))]);
}

function eventBytes({ number, tid = 7, time = 1_000_000_000n, values }: WrittenEvent): Uint8Array {
  const lengths = joined(values.map((value) => u16(value.length)));
  const length = 22 + lengths.length + values.reduce((sum, value) => sum + value.length, 0);
  const stamp = new Uint8Array(new BigUint64Array([time]).buffer);
  return joined([u16(0), stamp, i64(tid), u32(length), u16(number), lengths, ...values]);
}

export function block(type: number, body: Uint8Array): Uint8Array {
  const padding = new Uint8Array((4 - (body.length % 4)) % 4);
  const length = u32(12 + body.length + padding.length);
  return joined([u32(type), length, body, padding, length]);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The entry and return of an `open`. */
export function openEvents(path: string, fd = 3, tid = 7): WrittenEvent[] {
  return [
    { number: 2, tid, values: [] },
    { number: 3, tid, values: [i64(fd), text(path), u32(1), u32(0)] },
  ];
}
