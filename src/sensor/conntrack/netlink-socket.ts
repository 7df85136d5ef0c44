import { fstatSync } from 'node:fs';
import { Errno } from '../native/errno.ts';
import { ReceivedMessages } from '../native/received-messages.ts';
import { Linux, socketCalls } from '../native/sockets.ts';

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

/** Bytes of `struct sockaddr_nl`. */
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
  readonly #messages: ReceivedMessages;
  /** Of each message the sender's family, port and groups. */
  readonly #senders: Uint32Array;
  #open = true;

  /** Opens the socket and joins the groups whose bits are set (group n is bit n - 1). Throws a {@link NetlinkError}. */
  constructor(groups: number) {
    const calls = socketCalls();
    const fd = calls.socket(
      Linux.AF_NETLINK,
      Linux.SOCK_RAW | Linux.SOCK_NONBLOCK | Linux.SOCK_CLOEXEC,
      Linux.NETLINK_NETFILTER,
    );
    if (fd < 0) throw new NetlinkError('socket', -fd);
    this.#fd = fd;
    const address = new Uint32Array([Linux.AF_NETLINK, 0, groups]);
    const bound = calls.bind(fd, new Uint8Array(address.buffer));
    if (bound < 0) {
      calls.close(fd);
      throw new NetlinkError('bind', -bound);
    }
    const { most, messageBytes } = NetlinkSocket;
    this.#messages = new ReceivedMessages(most, messageBytes, addressBytes);
    this.bytes = this.#messages.bytes;
    this.#senders = new Uint32Array(this.#messages.names.buffer);
  }

  /**
   * Asks for a receive buffer of so many bytes, beyond net.core.rmem_max where the process may, and returns what it got: the
   * kernel counts its own costs into it and therefore doubles what is asked for (socket(7)).
   */
  askBuffer(bytes: number): number {
    const calls = socketCalls();
    if (calls.setNumber(this.#fd, Linux.SOL_SOCKET, Linux.SO_RCVBUFFORCE, bytes) < 0)
      calls.setNumber(this.#fd, Linux.SOL_SOCKET, Linux.SO_RCVBUF, bytes);
    return Math.max(0, calls.getNumber(this.#fd, Linux.SOL_SOCKET, Linux.SO_RCVBUF));
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
    const { messageBytes } = NetlinkSocket;
    const messages = this.#messages;
    const count = messages.receive(this.#fd);
    if (count === -Errno.EAGAIN || count === -Errno.EINTR) return Received.Nothing;
    if (count === -Errno.ENOBUFS) return Received.Overrun;
    if (count < 0) throw new NetlinkError('recvmmsg', -count);
    for (let i = 0; i < count; i++) {
      if (this.#senders[i * 3 + 1] !== 0) this.strangers++;
      else if (messages.isTruncated(i)) this.truncated++;
      else take(i * messageBytes, i * messageBytes + messages.length(i));
    }
    return Received.Messages;
  }

  /** Closes the socket, and with it all that the kernel keeps for it. Idempotent. */
  close(): void {
    if (this.#open) socketCalls().close(this.#fd);
    this.#open = false;
  }
}
