import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { FlowLog } from '../posture/learn/flow-log.ts';
import { UsageError } from './command.ts';
import type { Io } from './io.ts';

const chunkBytes = 1 << 20;
/** A line is given up beyond this many characters; the log counts it as broken. */
const maxPending = 4 << 20;

/** Reads flows line by line from a file, or from standard input for `-`. Throws UsageError. */
export async function readFlows(path: string, io: Io, step: () => void): Promise<FlowLog> {
  const log = new FlowLog(path === '-' ? '<stdin>' : path);
  const lines = new Lines((line) => {
    step();
    log.add(line);
  });
  if (path === '-') {
    lines.take(await io.readStdin());
    lines.end();
    return log;
  }
  let file: number;
  try {
    file = openSync(resolve(io.cwd, path), 'r');
  } catch (error) {
    throw new UsageError(`the flows cannot be read: ${(error as Error).message}`);
  }
  try {
    const chunk = new Uint8Array(chunkBytes);
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      lines.take(chunk.subarray(0, read));
    }
    lines.end();
  } catch (error) {
    throw new UsageError(`the flows cannot be read: ${(error as Error).message}`);
  } finally {
    closeSync(file);
  }
  return log;
}

/** Cuts bytes into lines; what is left of a line that never ends is bounded. */
class Lines {
  readonly #each: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(each: (line: string) => void) {
    this.#each = each;
  }

  take(bytes: Uint8Array): void {
    const parts = this.#decoder
      .write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      .split('\n');
    parts[0] = this.#rest + parts[0];
    this.#rest = (parts.pop() as string).slice(0, maxPending);
    for (const part of parts) this.#each(part.endsWith('\r') ? part.slice(0, -1) : part);
  }

  end(): void {
    this.#rest += this.#decoder.end();
    if (this.#rest !== '') this.#each(this.#rest);
  }
}
