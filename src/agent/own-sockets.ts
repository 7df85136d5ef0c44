import { networkInterfaces } from 'node:os';
import {
  type Address,
  isLoopback,
  isUnspecified,
  parseAddress,
  sameAddress,
  unmapAddress,
} from '../net/address.ts';

/** A socket of this machine that takes datagrams. */
export interface OwnSocket {
  /** Text of the address; 0.0.0.0 and :: stand for all. */
  readonly address: string;
  readonly port: number;
}

/** Returns the addresses that the interfaces of this network namespace have now. */
export function ownAddresses(): readonly Address[] {
  return Object.values(networkInterfaces())
    .flatMap((all = []) => all)
    .flatMap(({ address }) => parseAddress(address.replace(/%.*/, '')) ?? []);
}

/** Whether what is sent to the address stays on this machine, whose addresses are `own`. An unspecified one means this machine (connect(2)). */
export function isOwnAddress(address: Address, own: readonly Address[] = ownAddresses()): boolean {
  const plain = unmapAddress(address);
  return isLoopback(plain) || isUnspecified(plain) || own.some((one) => sameAddress(one, plain));
}

/** Whether a datagram to this address and port comes to one of the sockets. A socket at :: takes IPv4 as well. */
export function reachesOwn(
  address: Address,
  port: number,
  sockets: readonly OwnSocket[],
  own: readonly Address[] = ownAddresses(),
): boolean {
  if (!isOwnAddress(address, own)) return false;
  const to = unmapAddress(address);
  return sockets.some((socket) => {
    const at = parseAddress(socket.address);
    if (at === undefined || socket.port !== port) return false;
    if (isUnspecified(at)) return at.family === 6 || to.family === 4;
    return isUnspecified(to) ? isLoopback(at) : sameAddress(unmapAddress(at), to);
  });
}
