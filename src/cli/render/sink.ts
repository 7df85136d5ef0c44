import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { FailedError } from '../command.ts';
import type { Io } from '../io.ts';

/** Where a result goes, piece by piece: what is large never stands in memory as one text. */
export interface Sink {
  write(text: string): void;
  /** Hands on what is held back; nothing may be written after it. Both throw FailedError. */
  end(): void;
}

/** Characters that are gathered before they are handed on. */
const chunk = 1 << 16;

/** Opens standard output, or the file when one is named; nothing is touched before the first write. */
export function openSink(io: Io, file?: string): Sink {
  if (file === undefined) return new Gatherer(io.out, () => {});
  const path = resolve(io.cwd, file);
  let descriptor: number | undefined;
  const open = () => {
    descriptor ??= openSync(path, 'w');
    return descriptor;
  };
  return new Gatherer(
    (text) => attempt(file, () => writeWhole(open(), text)),
    () => attempt(file, () => closeSync(open())),
  );
}

/** A write may take less than it was given: on a pipe, or a disk that fills up. */
function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

function attempt<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new FailedError(`${file} cannot be written: ${(error as Error).message}`);
  }
}

class Gatherer implements Sink {
  readonly #out: (text: string) => void;
  readonly #close: () => void;
  #parts: string[] = [];
  #length = 0;

  constructor(out: (text: string) => void, close: () => void) {
    this.#out = out;
    this.#close = close;
  }

  write(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
    if (this.#length >= chunk) this.#flush();
  }

  end(): void {
    this.#flush();
    this.#close();
  }

  #flush(): void {
    if (this.#length > 0) this.#out(this.#parts.join(''));
    this.#parts = [];
    this.#length = 0;
  }
}
