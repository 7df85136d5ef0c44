import { type BigIntStats, closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { LineSplitter } from './line-splitter.ts';

const readBytes = promisify(read);

/** Bytes before the place of reading that are read again each time, to notice that the file is another. */
const overlap = 64;
const chunkBytes = 256 * 1024;

/** An open file whose lines are read as it grows, whatever becomes of its name. */
export class FollowedFile {
  /** How often the file was cut and begun again (`copytruncate` of logrotate(8)). */
  truncations = 0;
  /** Lines whose first half was read when the file was cut. */
  cutLines = 0;
  /** Since when nothing came (performance.now()); kept by who reads. */
  idleSince: number | undefined;
  /** Of no other file as long as this one is open. */
  readonly id: string;
  /** Of no other file ever, where the file system knows when files were made. */
  readonly birth: string;
  readonly #fd: number;
  readonly #splitter: LineSplitter;
  readonly #buffer = Buffer.allocUnsafe(overlap + chunkBytes);
  #position = 0;
  #before: Buffer = Buffer.alloc(0);

  /** Throws the error of open(2), or one that says that it is no file. */
  constructor(
    path: string,
    { atEnd, maxLineBytes }: { readonly atEnd: boolean; readonly maxLineBytes: number },
  ) {
    // Without O_NONBLOCK opening a pipe would wait for its writer.
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(this.#fd, { bigint: true });
    if (!stats.isFile()) {
      closeSync(this.#fd);
      throw new Error(`${path} is no regular file`);
    }
    this.id = fileId(stats);
    this.birth = fileBirth(stats);
    if (atEnd) this.#position = Number(stats.size);
    this.#splitter = new LineSplitter(maxLineBytes, atEnd && !this.#endsLine());
    if (atEnd) this.#before = this.#bytesBefore();
  }

  /** Lines that were left out, being too long. */
  get tooLong(): number {
    return this.#splitter.tooLong;
  }

  /** The file as it is now. */
  stats(): BigIntStats {
    return fstatSync(this.#fd, { bigint: true });
  }

  /** Appends the next lines, of at most a quarter of a megabyte; returns how many bytes were read, 0 at the end. */
  async read(lines: string[]): Promise<number> {
    const known = this.#before.length;
    const { bytesRead } = await readBytes(
      this.#fd,
      this.#buffer,
      0,
      known + chunkBytes,
      this.#position - known,
    );
    if (bytesRead < known || !this.#buffer.subarray(0, known).equals(this.#before)) {
      this.#restart();
      return this.read(lines);
    }
    const chunk = this.#buffer.subarray(known, bytesRead);
    if (chunk.length === 0) return 0;
    this.#splitter.push(chunk, lines);
    this.#position += chunk.length;
    this.#before = Buffer.from(this.#buffer.subarray(Math.max(0, bytesRead - overlap), bytesRead));
    return chunk.length;
  }

  /** Returns the last line when it has no end: nothing more will come. */
  lastLine(): string | undefined {
    return this.#splitter.end();
  }

  close(): void {
    closeSync(this.#fd);
  }

  #restart(): void {
    this.truncations++;
    if (this.#splitter.isInLine) this.cutLines++;
    this.#splitter.restart();
    this.#position = 0;
    this.#before = Buffer.alloc(0);
  }

  #endsLine(): boolean {
    const last = this.#bytesBefore().at(-1);
    return last === undefined || last === 0x0a;
  }

  #bytesBefore(): Buffer {
    const wanted = Math.min(overlap, this.#position);
    const buffer = Buffer.alloc(wanted);
    return buffer.subarray(0, readSync(this.#fd, buffer, 0, wanted, this.#position - wanted));
  }
}

/** What makes a file the same one under another name. */
export function fileId({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`;
}

/** What tells a file from all that had its number before. */
export function fileBirth(stats: Pick<BigIntStats, 'dev' | 'ino' | 'birthtimeNs'>): string {
  return `${fileId(stats)}:${stats.birthtimeNs}`;
}
