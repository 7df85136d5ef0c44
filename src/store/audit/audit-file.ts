import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type ChainHead,
  type Digest,
  emptyHead,
  linkRecord,
  type VerifiedChain,
  verifyChain,
} from '../../respond/audit/chain.ts';
import { type AuditEntry, digest as digestForm } from '../../respond/audit/record.ts';
import { locked } from './file-lock.ts';

const head = z.object({ seq: z.int().nonnegative(), digest: digestForm });
/** `last`: the newest line. `oldest`: what the oldest line that is kept goes on from. */
const headFile = z.object({ last: head, oldest: head });

type HeadFile = z.infer<typeof headFile>;

/** How large one file may get, and how many full ones are kept beside it. */
export interface AuditBounds {
  readonly fileBytes: number;
  readonly files: number;
}

const usual: AuditBounds = { fileBytes: 16 * 2 ** 20, files: 8 };
/** The longest line. */
const mostLine = 2 ** 20;

/** What a look at an audit log found, and what it cannot find. */
export interface AuditReport extends VerifiedChain {
  /** Number of the oldest line that is kept. */
  readonly first: number;
  /** Lines that are newer than what was written down as the last one: a crash between the two leaves one. */
  readonly beyond: number;
}

export const sha256: Digest = (line) => createHash('sha256').update(line).digest('hex');

/**
 * An audit log on disk: JSON lines that are chained by their digests (`respond/audit/chain.ts`), each on the disk before `append` returns, and beside
 * them a file that names the last one, so that missing lines at the end are found. Several processes may append. A line that a crash
 * left unfinished is kept, and told of by the next one. Bounded: full files beyond {@link AuditBounds} go, the oldest first.
 */
export class AuditFile {
  readonly #folder: string;
  readonly #path: string;
  readonly #headPath: string;
  readonly #bounds: AuditBounds;

  /** `folder` is made where it is not there; only its owner may look into it. */
  constructor(folder: string, bounds: AuditBounds = usual) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#folder = folder;
    this.#path = join(folder, 'audit.jsonl');
    this.#headPath = join(folder, 'audit.head');
    this.#bounds = bounds;
  }

  /** Tells whether anything was ever written to a log in this folder. */
  static isIn(folder: string): boolean {
    return existsSync(join(folder, 'audit.jsonl')) || existsSync(join(folder, 'audit.head'));
  }

  /** Writes one line onto the disk. Throws an Error where that fails: what cannot be written down is not to be done. */
  append(entry: AuditEntry): void {
    locked(`${this.#path}.lock`, () => {
      const known = this.#readHead();
      if (known === undefined && this.#files().length > 0)
        throw new Error(`${this.#headPath} is missing or damaged; picket audit verify says what is there`);
      const at = known ?? { last: emptyHead(sha256), oldest: emptyHead(sha256) };
      const last = this.#mend(at.last);
      this.#write(entry, this.#rotate({ ...at, last }));
    });
  }

  /** Looks at everything that is kept. `known` is a head that was written down elsewhere, and counts beside the one in the folder. */
  verify(known?: ChainHead): AuditReport {
    const written = this.#readHead();
    const start = written?.oldest ?? emptyHead(sha256);
    const lines = this.#lines();
    const found = verifyChain(lines, sha256, { start, ...(written && { known: written.last }) });
    const problems = [...found.problems];
    if (known !== undefined)
      problems.push(
        ...verifyChain(lines, sha256, { start, known }).problems.filter(
          ({ what }) => what === 'truncated' || what === 'altered',
        ),
      );
    if (written === undefined)
      problems.push({
        line: lines.length,
        what: 'truncated',
        text: 'the file that names the last line is missing or damaged: whether lines are missing at the end cannot be told',
      });
    const beyond = written === undefined ? 0 : Math.max(0, found.head.seq - written.last.seq);
    return { ...found, problems, first: found.records[0]?.seq ?? start.seq + 1, beyond };
  }

  /** Where the chain is; for writing down elsewhere. */
  head(): ChainHead | undefined {
    return this.#readHead()?.last;
  }

  #write(entry: AuditEntry, at: HeadFile): void {
    const { line, head: last } = linkRecord(entry, new Date().toISOString(), at.last, sha256);
    if (line.length > mostLine)
      throw new Error(`a line of ${line.length} characters is too long for the audit log`);
    this.#appendText(`${line}\n`);
    this.#writeHead({ ...at, last });
  }

  /** Returns where the file really ends, once a line that was left unfinished has its end. */
  #mend(last: ChainHead): ChainHead {
    const tail = readTail(this.#path, mostLine + 1);
    if (tail.length === 0) return last;
    const isEnded = tail.at(-1) === 10;
    if (!isEnded) this.#appendText('\n');
    const whole = isEnded ? tail.subarray(0, -1) : tail;
    const line = whole.subarray(whole.lastIndexOf(10) + 1);
    const seq = seqOf(line);
    // Where lines are missing it goes on from the one that was written down, so that the gap shows for good.
    if (seq !== undefined) return seq > last.seq ? { seq, digest: sha256(line) } : last;
    // The bytes before the end of the file that are no line; when the log was mended already, the next line tells of them.
    const torn = { seq: last.seq, digest: sha256(line) };
    const { line: text, head: next } = linkRecord(
      { event: 'recovered', torn: line.length, by: 'picket' },
      new Date().toISOString(),
      torn,
      sha256,
    );
    this.#appendText(`${text}\n`);
    return next;
  }

  /** Puts a full file aside, and lets go of the oldest beyond those that are kept. */
  #rotate(at: HeadFile): HeadFile {
    if (!existsSync(this.#path) || statSync(this.#path).size < this.#bounds.fileBytes) return at;
    renameSync(this.#path, join(this.#folder, `audit-${String(at.last.seq).padStart(12, '0')}.jsonl`));
    const full = this.#files().slice(0, -this.#bounds.files);
    let { oldest } = at;
    for (const path of full) {
      const lines = linesOf(readFileSync(path));
      const end = lines.at(-1);
      if (end !== undefined) oldest = { seq: seqOf(end) ?? oldest.seq, digest: sha256(end) };
      rmSync(path);
    }
    const next = { ...at, oldest };
    this.#writeHead(next);
    return next;
  }

  /** Every file that is kept, the oldest first. */
  #files(): string[] {
    const names = readdirSync(this.#folder);
    const full = names.filter((name) => /^audit-\d{12}\.jsonl$/.test(name)).sort();
    return [...full, ...names.filter((name) => name === 'audit.jsonl')].map((name) =>
      join(this.#folder, name),
    );
  }

  #lines(): Uint8Array[] {
    return this.#files().flatMap((path) => linesOf(readFileSync(path)));
  }

  #readHead(): HeadFile | undefined {
    if (!existsSync(this.#headPath)) return undefined;
    try {
      return headFile.safeParse(JSON.parse(readFileSync(this.#headPath, 'utf8'))).data;
    } catch {
      return undefined;
    }
  }

  #writeHead(value: HeadFile): void {
    const unfinished = `${this.#headPath}.new`;
    writeWhole(unfinished, 'w', `${JSON.stringify(value)}\n`);
    renameSync(unfinished, this.#headPath);
    syncFolder(this.#folder);
  }

  #appendText(text: string): void {
    const isNew = !existsSync(this.#path);
    writeWhole(this.#path, 'a', text);
    if (isNew) syncFolder(this.#folder);
  }
}

/** Lines without their line feeds; what stands behind the last one counts as a line. */
function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(10, start);
    lines.push(bytes.subarray(start, end < 0 ? bytes.length : end));
    start = end < 0 ? bytes.length : end + 1;
  }
  return lines;
}

function seqOf(line: Uint8Array): number | undefined {
  try {
    const { data } = z
      .object({ seq: z.int().positive() })
      .safeParse(JSON.parse(new TextDecoder().decode(line)));
    return data?.seq;
  } catch {
    return undefined;
  }
}

function readTail(path: string, most: number): Uint8Array {
  if (!existsSync(path)) return new Uint8Array();
  const file = openSync(path, 'r');
  try {
    const { size } = statSync(path);
    const tail = new Uint8Array(Math.min(size, most));
    return tail.subarray(0, readSync(file, tail, 0, tail.length, size - tail.length));
  } finally {
    closeSync(file);
  }
}

/** Writes, and onto the disk. Throws an Error where not all of it went there. */
function writeWhole(path: string, flags: 'a' | 'w', text: string): void {
  const bytes = new TextEncoder().encode(text);
  const file = openSync(path, flags, 0o600);
  try {
    if (writeSync(file, bytes) !== bytes.length)
      throw new Error(`${path} took only a part of what was written`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
