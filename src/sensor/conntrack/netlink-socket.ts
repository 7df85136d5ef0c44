import { fstatSync } from 'node:fs';
import { Errno, socketCalls } from './native.ts';

/** A call of the kernel failed: which one, and by which error number. */
export class NetlinkError extends Error {
  readonly call: string;
  readonly errno: number;

  constructor(call: string, errno: number) {
    const name = Object.entries(Errno).find(([, value]) => value === errno)?.[0] ?? `error ${errno}`;
    super(`${call}: ${name}`);
    this.call = call;
    this.errno = errno;
  }
}

/** What one turn of reading came to. */
export const Received = {
  /** The messages are there; there may be more. */
  Messages: 0,
  /** Nothing waits. */
  Nothing: 1,
  /** The kernel had no room for a message and has thrown it away. */
  Overrun: 2,
} as const;

const family = 16; // AF_NETLINK
const netfilter = 12; // NETLINK_NETFILTER
const raw = 3; // SOCK_RAW
const nonBlocking = 0o4000;
const closeOnExec = 0o2000000;
const socketLevel = 1; // SOL_SOCKET
const receiveBuffer = 8; // SO_RCVBUF
const receiveBufferForce = 33; // SO_RCVBUFFORCE
const truncated = 0x20; // MSG_TRUNC

/** Bytes of `struct mmsghdr`, `struct iovec` and `struct sockaddr_nl` on 64-bit machines. */
const headBytes = 64;
const vectorBytes = 16;
const addressBytes = 12;

/**
 * A netlink socket of netfilter in the network namespace of the process (netlink(7)). Messages are taken many at a time, into
 * buffers that are used again for the next ones.
 */
export class NetlinkSocket {
  /** Messages taken by one call at most. */
  static readonly most = 64;
  /** The kernel makes no message of a dump larger than 8 KiB (NLMSG_GOODSIZE) unless it has seen larger buffers. */
  static readonly messageBytes = 8192;

  /** All buffers, one behind the other. */
  readonly bytes: Uint8Array;
  /** Messages that came from other programs than the kernel. */
  strangers = 0;
  /** Messages that were longer than a buffer. */
  truncated = 0;
  readonly #fd: number;
  readonly #heads: Uint8Array;
  readonly #headWords: Int32Array;
  readonly #vectors: Uint8Array;
  readonly #addresses: Uint8Array;
  readonly #addressWords: Uint32Array;
  #open = true;

  /** Opens the socket and joins the groups whose bits are set (group n is bit n - 1). Throws a {@link NetlinkError}. */
  constructor(groups: number) {
    const calls = socketCalls();
    const fd = calls.socket(family, raw | nonBlocking | closeOnExec, netfilter);
    if (fd < 0) throw new NetlinkError('socket', -fd);
    this.#fd = fd;
    const address = new Uint32Array([family, 0, groups]);
    const bound = calls.bind(fd, new Uint8Array(address.buffer));
    if (bound < 0) {
      calls.close(fd);
      throw new NetlinkError('bind', -bound);
    }
    const { most, messageBytes } = NetlinkSocket;
    // Their addresses stand in one another: each has a buffer of its own, outside the heap, which does not move.
    this.bytes = new Uint8Array(new ArrayBuffer(most * messageBytes));
    this.#heads = new Uint8Array(new ArrayBuffer(most * headBytes));
    this.#headWords = new Int32Array(this.#heads.buffer);
    this.#vectors = new Uint8Array(new ArrayBuffer(most * vectorBytes));
    this.#addresses = new Uint8Array(new ArrayBuffer(most * addressBytes));
    this.#addressWords = new Uint32Array(this.#addresses.buffer);
    const heads = new BigUint64Array(this.#heads.buffer);
    const vectors = new BigUint64Array(this.#vectors.buffer);
    for (let i = 0; i < most; i++) {
      vectors[i * 2] = calls.address(this.bytes) + BigInt(i * messageBytes);
      vectors[i * 2 + 1] = BigInt(messageBytes);
      heads[i * 8] = calls.address(this.#addresses) + BigInt(i * addressBytes);
      heads[i * 8 + 2] = calls.address(this.#vectors) + BigInt(i * vectorBytes);
      heads[i * 8 + 3] = 1n;
    }
  }

  /**
   * Asks for a receive buffer of so many bytes, beyond net.core.rmem_max where the process may, and returns what it got: the
   * kernel counts its own costs into it and therefore doubles what is asked for (socket(7)).
   */
  askBuffer(bytes: number): number {
    const calls = socketCalls();
    if (calls.setOption(this.#fd, socketLevel, receiveBufferForce, bytes) < 0)
      calls.setOption(this.#fd, socketLevel, receiveBuffer, bytes);
    return Math.max(0, calls.getOption(this.#fd, socketLevel, receiveBuffer));
  }

  /** Inode of the socket, by which /proc/net/netlink tells of it. */
  get inode(): number {
    return fstatSync(this.#fd).ino;
  }

  /** Sends one message to the kernel. Throws a {@link NetlinkError}. */
  send(message: Uint8Array): void {
    const sent = socketCalls().send(this.#fd, message);
    if (sent < 0) throw new NetlinkError('send', -sent);
  }

  /**
   * Takes what waits, as far as there are buffers, and calls `take` with the place of each message in {@link bytes}. Never waits.
   * Returns one of {@link Received}. Throws a {@link NetlinkError} for what cannot be gone on from.
   */
  receive(take: (start: number, end: number) => void): number {
    const { most, messageBytes } = NetlinkSocket;
    // The kernel writes over the lengths of the addresses.
    for (let i = 0; i < most; i++) this.#headWords[i * 16 + 2] = addressBytes;
    const count = socketCalls().receiveMany(this.#fd, this.#heads, most);
    if (count === -Errno.EAGAIN || count === -Errno.EINTR) return Received.Nothing;
    if (count === -Errno.ENOBUFS) return Received.Overrun;
    if (count < 0) throw new NetlinkError('recvmmsg', -count);
    for (let i = 0; i < count; i++) {
      if (this.#addressWords[i * 3 + 1] !== 0) this.strangers++;
      else if ((this.#headWords[i * 16 + 12]! & truncated) !== 0) this.truncated++;
      else take(i * messageBytes, i * messageBytes + this.#headWords[i * 16 + 14]!);
    }
    return Received.Messages;
  }

  /** Closes the socket, and with it all that the kernel keeps for it. Idempotent. */
  close(): void {
    if (this.#open) socketCalls().close(this.#fd);
    this.#open = false;
  }
}
