import { fullTime, type LogTime, monthOf, yearlessTime } from './log-time.ts';

/** A line of a log without what a syslog daemon or the journal puts around it. */
export interface LogEntry {
  /** Event time, ms since the epoch; undefined where nothing around the message tells it. */
  readonly at?: number;
  readonly host?: string;
  /** Name of the program, as it calls itself. */
  readonly program?: string;
  readonly message: string;
  /** True where the journal knows that somebody other than root or the kernel wrote it. */
  readonly isOfUser?: boolean;
  /** How times in the message are understood. */
  readonly time: LogTime;
}

const priority = /^<\d{1,3}>/;
const legacyStamp = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) /;
/** Programs call themselves by anything but this; the number of the process stands in brackets. */
const tag = /^([^\s:[\]]{1,64})(?:\[\d{1,10}\])?: ?/;

/**
 * Reads what stands around a message: the legacy form of syslog (RFC 3164 §4.1), the same with a full time as rsyslog and syslog-ng write
 * it, the form of RFC 5424, each with its priority or without, and a line of the journal's JSON. Undefined where nothing does.
 */
export function readLogEntry(line: string, time: LogTime): LogEntry | undefined {
  if (line.startsWith('{')) return readJournal(line, time);
  const text = line.replace(priority, '');
  if (text !== line && text.startsWith('1 ')) return readStructured(text, time);
  return readLegacy(text, time);
}

function readLegacy(text: string, time: LogTime): LogEntry | undefined {
  const stamp = legacyStamp.exec(text);
  if (stamp === null) return readWithFullTime(text, time);
  const [whole, month = '', day, hour, minute, second] = stamp;
  const clock = [Number(hour), Number(minute), Number(second)] as const;
  const at = yearlessTime(monthOf(month), Number(day), clock, time);
  return at === undefined ? undefined : afterTime(text.slice(whole.length), at, time);
}

function readWithFullTime(text: string, time: LogTime): LogEntry | undefined {
  const end = text.indexOf(' ');
  if (end < 19 || end > 48 || text[10] !== 'T') return undefined;
  const at = fullTime(text.slice(0, end), time);
  return at === undefined ? undefined : afterTime(text.slice(end + 1), at, time);
}

/** What follows the time: the host, the program where there is one, the message. */
function afterTime(text: string, at: number, time: LogTime): LogEntry | undefined {
  const end = text.indexOf(' ');
  if (end <= 0 || end > 255) return undefined;
  const host = text.slice(0, end);
  const rest = text.slice(end + 1);
  const named = tag.exec(rest);
  if (named === null) return { at, host, message: rest, time };
  const [whole, program = ''] = named;
  return { at, host, program, message: rest.slice(whole.length), time };
}

/** RFC 5424 §6: version, time, host, program, process, kind of message, structured data, message. */
function readStructured(text: string, time: LogTime): LogEntry | undefined {
  const words: string[] = [];
  let from = 0;
  while (words.length < 6) {
    const end = text.indexOf(' ', from);
    if (end < 0) return undefined;
    words.push(text.slice(from, end));
    from = end + 1;
  }
  const [, stamp = '', host = '-', program = '-'] = words;
  const at = fullTime(stamp, time);
  const start = at === undefined ? undefined : afterStructuredData(text, from);
  if (at === undefined || start === undefined) return undefined;
  const message = text.slice(start).replace(/^\uFEFF/, '');
  return { at, ...(host !== '-' && { host }), ...(program !== '-' && { program }), message, time };
}

/** Where the message begins; undefined where the structured data does not end. */
function afterStructuredData(text: string, from: number): number | undefined {
  if (text[from] === '-') return from + 2;
  if (text[from] !== '[') return undefined;
  let isQuoted = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (isQuoted && char === '\\') at++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (!isQuoted && char === ']' && text[at + 1] !== '[') return at + 2;
  }
  return undefined;
}

/** Who is allowed to write what root's services write: root, and the kernel, of which the journal tells no user. */
const trustedUsers: ReadonlySet<unknown> = new Set([undefined, '0']);

/**
 * A line of `journalctl -o json`. What begins with `_` the journal itself found out about the writer (systemd.journal-fields(7)); a program may call itself
 * whatever it likes. A message that is no UTF-8 is a list of bytes.
 */
function readJournal(line: string, time: LogTime): LogEntry | undefined {
  const fields = parsedObject(line);
  const stamp = fields?.__REALTIME_TIMESTAMP;
  if (fields === undefined || typeof stamp !== 'string' || !/^\d{1,17}$/.test(stamp)) return undefined;
  const message = textOf(fields.MESSAGE);
  if (message === undefined) return undefined;
  const isKernel = fields._TRANSPORT === 'kernel';
  const program = isKernel ? 'kernel' : (textOf(fields.SYSLOG_IDENTIFIER) ?? textOf(fields._COMM));
  const host = textOf(fields._HOSTNAME);
  return {
    at: Math.floor(Number(stamp) / 1000),
    ...(host !== undefined && { host }),
    ...(program !== undefined && { program }),
    message,
    isOfUser: !trustedUsers.has(fields._UID) || (program === 'kernel' && !isKernel),
    time,
  };
}

function parsedObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || !value.every((byte) => Number.isInteger(byte))) return undefined;
  return new TextDecoder().decode(Uint8Array.from(value as number[]));
}
