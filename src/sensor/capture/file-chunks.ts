import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

/** How the bytes of a file are packed: RFC 1952, RFC 8878. */
export type Pack = 'gzip' | 'zstd';

export const chunkBytes: number = 1 << 20;

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
 * All bytes of a file, unpacked, in pieces of about 1 MiB. `pipe` is the descriptor of a pipe, of which `beginning` has been read.
 * Throws an Error of node:fs or node:zlib where it cannot be read to its end.
 */
export async function* fileChunks(
  path: string,
  pack: Pack | undefined,
  pipe?: { readonly descriptor: number; readonly beginning: Uint8Array },
): AsyncGenerator<Uint8Array> {
  const options = { highWaterMark: chunkBytes };
  const source =
    pipe === undefined
      ? createReadStream(path, options)
      : Readable.from(continued(pipe.beginning, createReadStream('', { ...options, fd: pipe.descriptor })));
  const unpack = pack === undefined ? undefined : unpackers[pack]();
  if (unpack !== undefined) pipeline(source, unpack, () => {});
  for await (const chunk of unpack ?? source) yield chunk as Uint8Array;
}

/** A pipe gives its bytes only once: what was looked at comes first. */
async function* continued(
  beginning: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield beginning;
  yield* rest;
}

/**
 * As {@link fileChunks}, into buffers of the caller's, of which each piece fills as much of the first {@link chunkBytes} as it needs. For a
 * thread of its own: reading a file that is not packed stands still.
 */
export async function* fileChunksInto(
  path: string,
  pack: Pack | undefined,
  nextBuffer: () => Uint8Array,
): AsyncGenerator<Uint8Array> {
  if (pack === undefined) {
    const descriptor = openSync(path, 'r');
    try {
      for (;;) {
        const buffer = nextBuffer();
        const length = readSync(descriptor, buffer, 0, chunkBytes, null);
        yield buffer.subarray(0, length);
        if (length === 0) return;
      }
    } finally {
      closeSync(descriptor);
    }
  }
  for await (const chunk of fileChunks(path, pack))
    for (let at = 0; at < chunk.length; at += chunkBytes) {
      const piece = chunk.subarray(at, at + chunkBytes);
      const buffer = nextBuffer();
      buffer.set(piece);
      yield buffer.subarray(0, piece.length);
    }
}
