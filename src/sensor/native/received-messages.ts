import { addressOf } from './library.ts';
import { Linux, type SocketCalls, socketCalls } from './sockets.ts';

/** Bytes of `struct mmsghdr` and `struct iovec` on 64-bit machines (recvmmsg(2), recvmsg(2)). */
const headBytes = 64;
const vectorBytes = 16;
/** Places in the former, in 32-bit words: length of the sender's name, flags, length of the message. */
const word = { nameLength: 2, flags: 12, length: 14 } as const;

/** Messages of a socket, taken many with one call, into the same memory again and again. */
export class ReceivedMessages {
  /** All of them, one behind the other, each with as much room as was asked for. */
  readonly bytes: Uint8Array;
  /** Names of their senders (`struct sockaddr`), likewise. */
  readonly names: Uint8Array;
  readonly #most: number;
  readonly #nameBytes: number;
  readonly #calls: SocketCalls;
  readonly #heads: Uint8Array;
  readonly #words: Uint32Array;
  readonly #vectors: Uint8Array;

  /** At most `most` messages a call, of at most so many bytes each, with names of at most so many. */
  constructor(most: number, messageBytes: number, nameBytes: number) {
    this.#calls = socketCalls();
    this.#most = most;
    this.#nameBytes = nameBytes;
    // Their addresses stand in one another: each has a buffer of its own, outside the heap, which does not move.
    this.bytes = new Uint8Array(new ArrayBuffer(most * messageBytes));
    this.names = new Uint8Array(new ArrayBuffer(most * nameBytes));
    this.#heads = new Uint8Array(new ArrayBuffer(most * headBytes));
    this.#vectors = new Uint8Array(new ArrayBuffer(most * vectorBytes));
    this.#words = new Uint32Array(this.#heads.buffer);
    const heads = new BigUint64Array(this.#heads.buffer);
    const vectors = new BigUint64Array(this.#vectors.buffer);
    const [bytesAt, namesAt, vectorsAt] = [this.bytes, this.names, this.#vectors].map(addressOf) as [
      bigint,
      bigint,
      bigint,
    ];
    for (let at = 0; at < most; at++) {
      vectors[at * 2] = bytesAt + BigInt(at * messageBytes);
      vectors[at * 2 + 1] = BigInt(messageBytes);
      heads[at * 8] = namesAt + BigInt(at * nameBytes);
      heads[at * 8 + 2] = vectorsAt + BigInt(at * vectorBytes);
      heads[at * 8 + 3] = 1n;
    }
  }

  /** Takes what waits, without waiting. Returns how many messages it is, or the number of an error, negated. */
  receive(fd: number): number {
    // The kernel writes over the lengths of the names.
    for (let at = 0; at < this.#most; at++)
      this.#words[(at * headBytes) / 4 + word.nameLength] = this.#nameBytes;
    return this.#calls.receiveMany(fd, this.#heads, this.#most);
  }

  /** Bytes of the message at a place. */
  length(at: number): number {
    return this.#words[(at * headBytes) / 4 + word.length]!;
  }

  /** Whether the message was longer than there was room for. */
  isTruncated(at: number): boolean {
    return (this.#words[(at * headBytes) / 4 + word.flags]! & Linux.MSG_TRUNC) !== 0;
  }
}
