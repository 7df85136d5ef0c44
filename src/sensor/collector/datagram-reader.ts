import { type Address, addressFromBytes, unmapAddress } from '../../net/address.ts';
import { Linux, type SocketCalls, socketCalls } from './libc.ts';

/** Takes a datagram; its bytes are good during the call only. */
export type DatagramSink = (bytes: Uint8Array, from: SenderBytes) => void;

/** Where a datagram came from, as the kernel tells it. */
export interface SenderBytes {
  /** A sockaddr_in or sockaddr_in6. */
  readonly name: Uint8Array;
  readonly port: number;
}

/** Datagrams that are read at once. */
const most = 64;
/**
 * Larger than any UDP datagram. Not a power of two: else the first bytes of all datagrams, and most have no more, would stand in the
 * same few places of the processor's caches, which would not hold them from the kernel's writing to our reading.
 */
const slotBytes = 65_536 + 1536;
/** Bytes of sockaddr_in6, mmsghdr and iovec on 64-bit machines (recvmmsg(2), recvmsg(2)). */
const [nameBytes, headerBytes, vectorBytes] = [32, 64, 16];

/**
 * Reads datagrams from sockets, many with one call, into the same memory again and again. One reader serves one thread.
 */
export class DatagramReader {
  readonly #calls: SocketCalls;
  readonly #memory = new Uint8Array(most * slotBytes);
  readonly #names = new Uint8Array(most * nameBytes);
  /** Each of the names. */
  readonly #nameAt = Array.from({ length: most }, (_, at) =>
    this.#names.subarray(at * nameBytes, (at + 1) * nameBytes),
  );
  readonly #headers = new Uint8Array(most * headerBytes);
  readonly #vectors = new Uint8Array(most * vectorBytes);
  readonly #lengths: Uint32Array;
  readonly #polled: Uint8Array;
  readonly #events: Int16Array;
  readonly #fds: readonly number[];
  readonly #sender: { name: Uint8Array; port: number } = { name: new Uint8Array(0), port: 0 };

  constructor(fds: readonly number[]) {
    this.#calls = socketCalls();
    this.#fds = fds;
    this.#polled = new Uint8Array(fds.length * 8);
    this.#events = new Int16Array(this.#polled.buffer);
    const entries = new Int32Array(this.#polled.buffer);
    for (const [at, fd] of fds.entries()) {
      entries[at * 2] = fd;
      this.#events[at * 4 + 2] = Linux.POLLIN;
    }
    this.#lengths = new Uint32Array(this.#headers.buffer);
    const headers = new DataView(this.#headers.buffer);
    const vectors = new DataView(this.#vectors.buffer);
    const [memory, names, vector] = [this.#memory, this.#names, this.#vectors].map((bytes) =>
      this.#calls.address(bytes),
    ) as [bigint, bigint, bigint];
    for (let at = 0; at < most; at++) {
      headers.setBigUint64(at * headerBytes, names + BigInt(at * nameBytes), true);
      headers.setBigUint64(at * headerBytes + 16, vector + BigInt(at * vectorBytes), true);
      headers.setBigUint64(at * headerBytes + 24, 1n, true);
      vectors.setBigUint64(at * vectorBytes, memory + BigInt(at * slotBytes), true);
      vectors.setBigUint64(at * vectorBytes + 8, BigInt(slotBytes), true);
    }
  }

  /** Sleeps until something is there or the time is over. Nothing else of this thread runs meanwhile. */
  wait(timeoutMs: number): void {
    this.#calls.poll(this.#polled, this.#fds.length, timeoutMs);
  }

  /** Reads what is there, at most 64 datagrams of each socket. Returns how many. Throws an Error when a socket is gone. */
  read(sink: DatagramSink): number {
    let total = 0;
    for (const fd of this.#fds) {
      // The kernel writes the length of each name in its place.
      for (let at = 0; at < most; at++) this.#lengths[(at * headerBytes) / 4 + 2] = nameBytes;
      const count = this.#calls.recvmmsg(fd, this.#headers, most, Linux.MSG_DONTWAIT, null);
      if (count < 0) {
        const error = this.#calls.errno();
        if (error === Linux.EAGAIN || error === Linux.EINTR) continue;
        throw new Error(`the collector cannot read from its socket: error ${error}`);
      }
      for (let at = 0; at < count; at++) this.#hand(at, sink);
      total += count;
    }
    return total;
  }

  #hand(at: number, sink: DatagramSink): void {
    const length = this.#lengths[(at * headerBytes) / 4 + 14]!;
    const start = at * slotBytes;
    const name = this.#nameAt[at]!;
    this.#sender.name = name;
    this.#sender.port = name[2]! * 256 + name[3]!;
    sink(this.#memory.subarray(start, start + length), this.#sender);
  }
}

/** Returns the address in a sockaddr, IPv4 also where it came by a socket of IPv6. */
export function senderAddress(name: Uint8Array): Address {
  return name[0] === Linux.AF_INET6
    ? unmapAddress(addressFromBytes(name, 8, 6))
    : addressFromBytes(name, 4, 4);
}
