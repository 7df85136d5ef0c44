import { type Address, addressFromBytes, unmapAddress } from '../../net/address.ts';
import { Errno } from '../native/errno.ts';
import { ReceivedMessages } from '../native/received-messages.ts';
import { Linux, socketCalls } from '../native/sockets.ts';

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
/** Room for a sockaddr_in6. */
const nameBytes = 32;

/**
 * Reads datagrams from sockets, many with one call, into the same memory again and again. One reader serves one thread.
 */
export class DatagramReader {
  readonly #calls = socketCalls();
  readonly #messages = new ReceivedMessages(most, slotBytes, nameBytes);
  /** Each of the senders' names. */
  readonly #nameAt = Array.from({ length: most }, (_, at) =>
    this.#messages.names.subarray(at * nameBytes, (at + 1) * nameBytes),
  );
  /** `struct pollfd` of each socket: the descriptor, and what is waited for. */
  readonly #polled: Int32Array;
  readonly #fds: readonly number[];
  readonly #sender: { name: Uint8Array; port: number } = { name: new Uint8Array(0), port: 0 };

  constructor(fds: readonly number[]) {
    this.#fds = fds;
    this.#polled = Int32Array.from(fds.flatMap((fd) => [fd, Linux.POLLIN]));
  }

  /** Sleeps until something is there or the time is over. Nothing else of this thread runs meanwhile. */
  wait(timeoutMs: number): void {
    this.#calls.poll(this.#polled, timeoutMs);
  }

  /** Reads what is there, at most 64 datagrams of each socket. Returns how many. Throws an Error when a socket is gone. */
  read(sink: DatagramSink): number {
    let total = 0;
    for (const fd of this.#fds) {
      const count = this.#messages.receive(fd);
      if (count === -Errno.EAGAIN || count === -Errno.EINTR) continue;
      if (count < 0) throw new Error(`the collector cannot read from its socket: error ${-count}`);
      for (let at = 0; at < count; at++) this.#hand(at, sink);
      total += count;
    }
    return total;
  }

  #hand(at: number, sink: DatagramSink): void {
    const start = at * slotBytes;
    const name = this.#nameAt[at]!;
    this.#sender.name = name;
    this.#sender.port = name[2]! * 256 + name[3]!;
    sink(this.#messages.bytes.subarray(start, start + this.#messages.length(at)), this.#sender);
  }
}

/** Returns the address in a sockaddr, IPv4 also where it came by a socket of IPv6. */
export function senderAddress(name: Uint8Array): Address {
  return name[0] === Linux.AF_INET6
    ? unmapAddress(addressFromBytes(name, 8, 6))
    : addressFromBytes(name, 4, 4);
}
