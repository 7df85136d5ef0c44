import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertRecord } from '../alert-record.ts';
import { lineOf, type Transport } from '../transport.ts';

export interface FileOutputOptions {
  readonly filename: string;
  /** Whether the file stays open between alerts: then a rotated one is left only on {@link Transport.reopen}. */
  readonly keepAlive: boolean;
  readonly json: boolean;
}

const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
/** A pipe without a reader, or whose reader is slow, would else hold up one of the few threads that Node has for all files. */
const flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK;
/** Between two attempts at a pipe that is full, ms. */
const fullMs = 20;

/** Lines at the end of a file, wholly or not at all. The file is made when it is not there; folders are not. */
export class FileTransport implements Transport {
  readonly kind = 'file';
  readonly target: string;
  readonly #options: FileOutputOptions;
  #handle: FileHandle | undefined;
  #isStale = false;

  constructor(options: FileOutputOptions) {
    this.#options = options;
    this.target = options.filename;
  }

  async send(record: AlertRecord, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { filename, keepAlive, json } = this.#options;
    if (this.#isStale) await this.close();
    this.#handle ??= await open(filename, flags, 0o640);
    try {
      await appendWhole(this.#handle, Buffer.from(`${lineOf(record, json)}\n`), signal);
      if (!keepAlive) await this.close();
    } catch (error) {
      this.#isStale = true;
      throw error;
    }
  }

  reopen(): void {
    this.#isStale = true;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#isStale = false;
    await handle?.close();
  }
}

async function appendWhole(handle: FileHandle, line: Buffer, signal: AbortSignal): Promise<void> {
  const before = await handle.stat();
  let written = 0;
  try {
    while (written < line.length) {
      const bytes = await writeSome(handle, line, written);
      written += bytes;
      if (bytes === 0) await sleep(fullMs, undefined, { signal });
    }
  } catch (error) {
    // Half a line on a full disk; unless somebody else wrote behind it.
    const { size } = await handle.stat();
    if (before.isFile() && written > 0 && size === before.size + written) await handle.truncate(before.size);
    throw error;
  }
}

/** Returns how many bytes were written: 0 where a pipe is full. */
async function writeSome(handle: FileHandle, line: Buffer, from: number): Promise<number> {
  try {
    return (await handle.write(line, from)).bytesWritten;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}
