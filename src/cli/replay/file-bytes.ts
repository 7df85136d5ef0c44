import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { FailedError, UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { fileChunks, type Pack, packOf } from './file-chunks.ts';

/** Bytes that are looked at to find out what a file is: enough for one block of Zstandard (RFC 8878 §3.1.1.2.4), and what is unpacked of them. */
const beginningBytes = 1 << 18;
const maxBeginning = 1 << 16;

/** A file, or standard input for `-`, whose bytes come unpacked, whatever packed them. */
export interface FileBytes {
  readonly name: string;
  /** What it begins with; fewer bytes when it is shorter. */
  readonly beginning: Uint8Array;
  /** All of it, in pieces. Throws FailedError where it is damaged. */
  chunks(): AsyncIterable<Uint8Array>;
  /** What is known of it before it is read; undefined for pipes and standard input. */
  readonly file?: { readonly path: string; readonly pack: Pack | undefined; readonly size: number };
}

/** Opens a file of any size by its beginning; gzip and Zstandard are unpacked as it is read. Throws UsageError. */
export async function openFileBytes(path: string, io: Io): Promise<FileBytes> {
  if (path === '-') {
    const bytes = await io.readStdin();
    const pack = packOf(bytes);
    return {
      name: '<stdin>',
      beginning: unpackedBeginning(bytes.subarray(0, beginningBytes), pack),
      async *chunks() {
        yield pack === undefined ? bytes : unpackedWhole(bytes, pack);
      },
    };
  }
  const file = resolve(io.cwd, path);
  const { packed, pipe, size } = beginningOf(path, file);
  const pack = packOf(packed);
  return {
    name: path,
    beginning: unpackedBeginning(packed, pack),
    async *chunks() {
      try {
        yield* fileChunks(
          file,
          pack,
          pipe === undefined ? undefined : { descriptor: pipe, beginning: packed },
        );
      } catch (error) {
        throw cutShort(path, error as Error);
      }
    },
    ...(pipe === undefined && { file: { path: file, pack, size } }),
  };
}

/** Returns what to throw where a file cannot be read, or unpacked, to its end. */
export function cutShort(path: string, { message }: Error): FailedError {
  return new FailedError(`${path} cannot be read to its end: ${message}`);
}

/** The first bytes of a file, and the open descriptor where it is a pipe, which must not be opened again. */
function beginningOf(
  path: string,
  file: string,
): { readonly packed: Uint8Array; readonly pipe: number | undefined; readonly size: number } {
  try {
    const descriptor = openSync(file, 'r');
    let isKept = false;
    try {
      const bytes = new Uint8Array(beginningBytes);
      let length = 0;
      for (let read = 1; read > 0 && length < bytes.length; length += read)
        read = readSync(descriptor, bytes, length, bytes.length - length, null);
      const stat = fstatSync(descriptor);
      isKept = !stat.isFile();
      return {
        packed: bytes.subarray(0, length),
        pipe: isKept ? descriptor : undefined,
        size: stat.size,
      };
    } finally {
      if (!isKept) closeSync(descriptor);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError(`no such file: ${path}`);
    if (code === 'EISDIR') throw new UsageError(`${path} is a folder`, 'name the files in it one by one');
    throw new UsageError(`${path} cannot be read: ${message}`);
  }
}

/** What can be unpacked of a beginning; empty where nothing can. */
function unpackedBeginning(bytes: Uint8Array, pack: Pack | undefined): Uint8Array {
  if (pack === undefined) return bytes.subarray(0, maxBeginning);
  try {
    const whole =
      pack === 'gzip'
        ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 28 })
        : zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush, maxOutputLength: 1 << 28 });
    return whole.subarray(0, maxBeginning);
  } catch {
    return new Uint8Array(0);
  }
}

function unpackedWhole(bytes: Uint8Array, pack: Pack): Uint8Array {
  const limits = { maxOutputLength: 2 ** 31 - 1 };
  try {
    return pack === 'gzip' ? gunzipSync(bytes, limits) : zstdDecompressSync(bytes, limits);
  } catch (error) {
    throw new FailedError(`standard input cannot be unpacked: ${(error as Error).message}`);
  }
}
