import { readlinkSync } from 'node:fs';
import { type Address, addressToBytes, formatAddress } from '../../net/address.ts';
import { Errno } from '../native/errno.ts';
import { Linux, socketCalls } from '../native/sockets.ts';

/** Where to listen. */
export interface ListenAddress {
  /** `::` takes both families, where the machine has IPv6. */
  readonly address: Address;
  /** 0 for any that is free. */
  readonly port: number;
}

/** A bound UDP socket. Whoever opens it closes it. */
export interface UdpSocket {
  readonly fd: number;
  readonly address: Address;
  readonly port: number;
  /** Number of the socket in /proc/net/udp. */
  readonly inode: string;
  /** Bytes that the kernel holds for it at most; it counts more for a datagram than its payload. */
  readonly receiveBuffer: number;
  close(): void;
}

/**
 * Opens a socket that does not block. `shared` lets others of this process bind the same port, among which the kernel spreads senders
 * (SO_REUSEPORT, socket(7)). The buffer is of the size that is asked for with CAP_NET_ADMIN, else at most what net.core.rmem_max allows.
 * Throws an Error with a message for the user.
 */
export function openUdpSocket(listen: ListenAddress, receiveBuffer: number, shared: boolean): UdpSocket {
  const calls = socketCalls();
  const isIpv6 = listen.address.family === 6;
  const family = isIpv6 ? Linux.AF_INET6 : Linux.AF_INET;
  const fd = calls.socket(family, Linux.SOCK_DGRAM | Linux.SOCK_NONBLOCK | Linux.SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error(`no socket of IPv${listen.address.family}: ${reasonOf(-fd)}`);
  try {
    if (isIpv6) calls.setNumber(fd, Linux.IPPROTO_IPV6, Linux.IPV6_V6ONLY, 0);
    if (shared) calls.setNumber(fd, Linux.SOL_SOCKET, Linux.SO_REUSEPORT, 1);
    // The kernel doubles what is asked for, to have room for its own.
    if (calls.setNumber(fd, Linux.SOL_SOCKET, Linux.SO_RCVBUFFORCE, receiveBuffer) < 0)
      calls.setNumber(fd, Linux.SOL_SOCKET, Linux.SO_RCVBUF, receiveBuffer);
    const name = socketAddress(listen);
    const bound = calls.bind(fd, name);
    if (bound < 0) throw new Error(`cannot listen on ${textOf(listen)}: ${reasonOf(-bound)}`);
    calls.getName(fd, name);
    return {
      fd,
      address: listen.address,
      port: name[2]! * 256 + name[3]!,
      inode: /\d+/.exec(readlinkSync(`/proc/self/fd/${fd}`))![0],
      receiveBuffer: calls.getNumber(fd, Linux.SOL_SOCKET, Linux.SO_RCVBUF),
      close: () => void calls.close(fd),
    };
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}

/** Address and port, as a person writes them. */
export function textOf({ address, port }: ListenAddress): string {
  return address.family === 6 ? `[${formatAddress(address)}]:${port}` : `${formatAddress(address)}:${port}`;
}

/** sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)): the family in the machine's order, the rest in the network's. */
function socketAddress({ address, port }: ListenAddress): Uint8Array {
  const bytes = new Uint8Array(address.family === 6 ? 28 : 16);
  bytes[0] = address.family === 6 ? Linux.AF_INET6 : Linux.AF_INET;
  bytes[2] = port >> 8;
  bytes[3] = port;
  bytes.set(addressToBytes(address), address.family === 6 ? 8 : 4);
  return bytes;
}

function reasonOf(error: number): string {
  if (error === Errno.EADDRINUSE) return 'another program has the port';
  if (error === Errno.EADDRNOTAVAIL) return 'this machine does not have the address';
  if (error === Errno.EACCES) return 'ports below 1024 need root or CAP_NET_BIND_SERVICE';
  if (error === Errno.EAFNOSUPPORT) return 'the kernel does not have the family';
  return `error ${error}`;
}
