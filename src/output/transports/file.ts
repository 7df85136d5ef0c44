import { type FileHandle, open } from 'node:fs/promises';
import type { AlertRecord } from '../alert-record.ts';
import { lineOf, type Transport } from '../transport.ts';

export interface FileOutputOptions {
  readonly filename: string;
  /** Whether the file stays open between alerts: then a rotated one is left only on {@link Transport.reopen}. */
  readonly keepAlive: boolean;
  readonly json: boolean;
}

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
    this.#handle ??= await open(filename, 'a', 0o640);
    try {
      await appendWhole(this.#handle, Buffer.from(`${lineOf(record, json)}\n`));
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

async function appendWhole(handle: FileHandle, line: Buffer): Promise<void> {
  const before = await handle.stat();
  let written = 0;
  try {
    while (written < line.length) written += (await handle.write(line, written)).bytesWritten;
  } catch (error) {
    // Half a line on a full disk; unless somebody else wrote behind it.
    const { size } = await handle.stat();
    if (before.isFile() && written > 0 && size === before.size + written) await handle.truncate(before.size);
    throw error;
  }
}
