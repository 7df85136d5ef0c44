/** Where one field of a trace record lies, as the kernel's own `format` file tells it. */
export interface Field {
  readonly name: string;
  /** C type as written, without the array part and without `__data_loc` or `__rel_loc`. */
  readonly type: string;
  readonly offset: number;
  /** Size in bytes; for a located field the size of its 4-byte locator. */
  readonly size: number;
  readonly signed: boolean;
  /** `fixed`, or a 32-bit locator (length << 16 | offset), relative to the record or to the locator's end. */
  readonly placement: 'fixed' | 'record' | 'relative';
}

/** The layout of one trace event. */
export interface EventFormat {
  readonly name: string;
  /** The kernel's number for this event; the first 16 bits of each record. */
  readonly id: number;
  readonly fields: ReadonlyMap<string, Field>;
  /** The `print fmt` line: it names the values of symbolic fields. */
  readonly printFormat: string;
}

/** The layout of a ring-buffer page (events/header_page). */
export interface PageFormat {
  readonly timestampOffset: number;
  readonly commitOffset: number;
  readonly dataOffset: number;
  /** Bytes of a whole page, header included. */
  readonly size: number;
}

const fieldLine =
  /^\s*field:\s*(?<declaration>[^;]+);\s*offset:\s*(?<offset>\d+);\s*size:\s*(?<size>\d+);(?:\s*signed:\s*(?<signed>[01]);)?/;
const declaration = /^(?<type>.*?)\s*\b(?<name>[A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)*$/;

/** No record is longer than a page can be (64 KiB with sub-buffers of the largest order that is used here). */
const largestOffset = 0xffff;

function parseField(line: string): Field | undefined {
  const parts = fieldLine.exec(line)?.groups;
  const named = parts && declaration.exec(parts.declaration!.trim())?.groups;
  if (!parts || !named) return undefined;
  const offset = Number(parts.offset);
  const size = Number(parts.size);
  if (offset + size > largestOffset) return undefined;
  const type = named.type!;
  return {
    name: named.name!,
    type: type.replace(/^__(?:data|rel)_loc\s+/, ''),
    offset,
    size,
    signed: parts.signed === '1',
    placement: type.startsWith('__data_loc') ? 'record' : type.startsWith('__rel_loc') ? 'relative' : 'fixed',
  };
}

/** Returns the fields of a text in the kernel's `field:…; offset:…; size:…;` notation; other lines are skipped. */
export function parseFields(text: string): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const line of text.split('\n')) {
    const field = parseField(line);
    if (field) fields.set(field.name, field);
  }
  return fields;
}

/**
 * Returns the layout told by events/SYSTEM/EVENT/format (Documentation/trace/events.rst, "Event formats"),
 * or undefined when the text names no event id. Never throws.
 */
export function parseEventFormat(text: string): EventFormat | undefined {
  const name = /^name:\s*(\S+)/m.exec(text)?.[1];
  const id = Number(/^ID:\s*(\d+)\s*$/m.exec(text)?.[1] ?? Number.NaN);
  if (name === undefined || !(id <= 0xffff)) return undefined;
  const printAt = text.search(/^print fmt:/m);
  const head = printAt < 0 ? text : text.slice(0, printAt);
  return {
    name,
    id,
    fields: parseFields(head),
    printFormat: printAt < 0 ? '' : text.slice(printAt + 'print fmt:'.length).trim(),
  };
}

/** Returns the page layout of events/header_page, or undefined when it is not one this decoder knows. */
export function parsePageFormat(text: string): PageFormat | undefined {
  const fields = parseFields(text);
  const timestamp = fields.get('timestamp');
  const commit = fields.get('commit');
  const data = fields.get('data');
  if (timestamp?.size !== 8 || !commit || !data) return undefined;
  if (timestamp.offset % 4 || commit.offset % 4 || data.offset % 4 || data.offset < commit.offset + 4) {
    return undefined;
  }
  const size = data.offset + data.size;
  if (size % 4 || size < 64 || timestamp.offset + 8 > data.offset) return undefined;
  return { timestampOffset: timestamp.offset, commitOffset: commit.offset, dataOffset: data.offset, size };
}

/**
 * Returns whether events/header_event describes the compressed record header that the page reader decodes:
 * 5 bits type_len, 27 bits time_delta, types 29 padding, 30 time extend, 31 time stamp
 * (include/linux/ring_buffer.h, enum ring_buffer_type).
 */
export function isKnownRecordHeader(text: string): boolean {
  const value = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  return (
    value(/type_len\s*:\s*(\d+) bits/) === 5 &&
    value(/time_delta\s*:\s*(\d+) bits/) === 27 &&
    value(/padding\s*:\s*type == (\d+)/) === 29 &&
    value(/time_extend\s*:\s*type == (\d+)/) === 30 &&
    value(/time_stamp\s*:\s*type == (\d+)/) === 31
  );
}

/**
 * Returns the names of a field's values from the `__print_symbolic(REC->field, { 1, "NAME" }, …)` of the event's
 * print format, by number; empty when it has none. The numbers differ between kernel versions, the names do not.
 */
export function symbolsOf(format: EventFormat, field: string): ReadonlyMap<number, string> {
  const symbols = new Map<number, string>();
  const start = format.printFormat.indexOf(`__print_symbolic(REC->${field},`);
  if (start < 0) return symbols;
  const pair = /\s*\{\s*(-?\d+|0x[0-9a-fA-F]+)\s*,\s*"([^"]*)"\s*\}\s*(,?)/y;
  pair.lastIndex = format.printFormat.indexOf(',', start) + 1;
  for (;;) {
    const match = pair.exec(format.printFormat);
    if (!match) return symbols;
    symbols.set(Number(match[1]), match[2]!);
    if (match[3] === '') return symbols;
  }
}
