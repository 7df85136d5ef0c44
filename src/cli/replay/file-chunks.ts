import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';

/** How the bytes of a file are packed: RFC 1952, RFC 8878. */
export type Pack = 'gzip' | 'zstd';

const chunkBytes = 1 << 20;
const cachedBytes = 1 << 18;
const piecesAtOnce = 32;

const unpackers = {
  gzip: () => createGunzip({ chunkSize: chunkBytes }),
  zstd: () => createZstdDecompress({ chunkSize: chunkBytes }),
};

/** Returns how a file that begins with these bytes is packed (RFC 1952 §2.3.1, RFC 8878 §3.1.1); undefined when it is not. */
export function packOf(bytes: Uint8Array): Pack | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd
    ? 'zstd'
    : undefined;
}

/**
 * All bytes of a file, unpacked, in pieces, each of which is good until the next is asked for. `pipe` is the descriptor of a pipe, of
 * which `beginning` has been read. Throws an Error of node:fs or node:zlib where it cannot be read to its end.
 */
export async function* fileChunks(
  path: string,
  pack: Pack | undefined,
  pipe?: { readonly descriptor: number; readonly beginning: Uint8Array },
): AsyncGenerator<Uint8Array> {
  if (pack === undefined && pipe === undefined) {
    yield* wholeFile(path);
    return;
  }
  const options = { highWaterMark: chunkBytes };
  const source =
    pipe === undefined
      ? createReadStream(path, options)
      : Readable.from(continued(pipe.beginning, createReadStream('', { ...options, fd: pipe.descriptor })));
  const unpack = pack === undefined ? undefined : unpackers[pack]();
  if (unpack !== undefined) pipeline(source, unpack, () => {});
  for await (const chunk of unpack ?? source) yield chunk as Uint8Array;
}

/**
 * Reads in this thread, into one buffer that a processor's own cache holds: so it is there when it is looked at, which takes longer than
 * the reading. Others get a turn in between.
 */
async function* wholeFile(path: string): AsyncGenerator<Uint8Array> {
  const descriptor = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(cachedBytes);
    for (let turn = 1; ; turn++) {
      const length = readSync(descriptor, buffer);
      if (length === 0) return;
      yield buffer.subarray(0, length);
      if (turn % piecesAtOnce === 0) await setImmediate();
    }
  } finally {
    closeSync(descriptor);
  }
}

/** A pipe gives its bytes only once: what was looked at comes first. */
async function* continued(
  beginning: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield beginning;
  yield* rest;
}
