import { type AuditEntry, type AuditRecord, auditRecord } from './record.ts';

/** Returns the digest of a line without its line feed: SHA-256 in hexadecimal. Given from outside, so that this works in a browser, too. */
export type Digest = (line: Uint8Array) => string;

/** Where a chain has come to. */
export interface ChainHead {
  /** Of the last line; 0 where there is none. */
  readonly seq: number;
  /** Of the last line; of nothing where there is none. */
  readonly digest: string;
}

/** What is wrong with a log. `line` counts from 1. */
export interface ChainProblem {
  readonly line: number;
  readonly what: 'damaged' | 'broken' | 'gap' | 'truncated' | 'altered' | 'torn';
  /** One sentence. */
  readonly text: string;
}

/** What came of looking at a log. */
export interface VerifiedChain {
  readonly records: readonly AuditRecord[];
  readonly problems: readonly ChainProblem[];
  /** Lines that were never finished, and are told so by the next one. */
  readonly torn: number;
  readonly head: ChainHead;
}

const utf8 = new TextEncoder();

/** Returns where a chain without a line stands. */
export function emptyHead(digest: Digest): ChainHead {
  return { seq: 0, digest: digest(new Uint8Array()) };
}

/** Returns the text of the next line without its line feed, and where the chain is with it. `time`: ISO 8601, UTC. */
export function linkRecord(
  entry: AuditEntry,
  time: string,
  head: ChainHead,
  digest: Digest,
): { readonly line: string; readonly head: ChainHead } {
  const seq = head.seq + 1;
  const record = { schemaVersion: 1, seq, time, ...entry, previous: head.digest };
  const line = JSON.stringify(record);
  return { line, head: { seq, digest: digest(utf8.encode(line)) } };
}

/**
 * Looks at every line of a log, in their order, without line feeds. Each has the digest of the one before, so that a line that was changed, taken
 * out, put in or moved is found by the one that follows; `known` is a head that was written down elsewhere, by which missing lines at the end and a log
 * that was written anew as a whole are found. `start` is where the first line goes on from. Never throws.
 */
export function verifyChain(
  lines: Iterable<Uint8Array>,
  digest: Digest,
  { start = emptyHead(digest), known }: { readonly start?: ChainHead; readonly known?: ChainHead } = {},
): VerifiedChain {
  const records: AuditRecord[] = [];
  const problems: ChainProblem[] = [];
  let [head, number, torn] = [start, 0, 0];
  let unread: { readonly line: number; readonly bytes: number } | undefined;
  let isKnownMet = known === undefined || (known.seq === head.seq && known.digest === head.digest);
  const say = (line: number, what: ChainProblem['what'], text: string) => problems.push({ line, what, text });
  for (const bytes of lines) {
    number++;
    const own = digest(bytes);
    const record = readLine(bytes);
    if (record === undefined) {
      if (unread !== undefined) say(unread.line, 'damaged', 'the line cannot be read');
      unread = { line: number, bytes: bytes.length };
      head = { ...head, digest: own };
      continue;
    }
    if (unread !== undefined) {
      if (record.event === 'recovered' && record.torn === unread.bytes && record.previous === head.digest)
        torn++;
      else say(unread.line, 'damaged', 'the line cannot be read');
      unread = undefined;
    }
    if (record.previous !== head.digest) say(number, 'broken', 'it does not go on from the line before');
    if (record.seq !== head.seq + 1)
      say(number, 'gap', `it is number ${record.seq} where ${head.seq + 1} was to come`);
    records.push(record);
    head = { seq: record.seq, digest: own };
    if (known?.seq !== head.seq) continue;
    isKnownMet = true;
    if (known.digest !== own)
      say(number, 'altered', 'it is not the line that was written down as the last one');
  }
  if (unread !== undefined) say(unread.line, 'torn', 'the last line was never finished');
  if (known !== undefined && !isKnownMet) say(number, 'truncated', missing(known.seq, head.seq, start.seq));
  return { records, problems, torn, head };
}

function missing(known: number, last: number, start: number): string {
  if (known < start) return `line ${known}, which was written down as the last one, is not kept any more`;
  return `it ends with number ${last}, and ${known} was written down as the last one`;
}

function readLine(bytes: Uint8Array): AuditRecord | undefined {
  try {
    return auditRecord.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).data;
  } catch {
    return undefined;
  }
}
