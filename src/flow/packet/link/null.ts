import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';

/**
 * Reads the header of BSD loopback (LINKTYPE 0, 108): an address family in the byte order of the machine that captured, which is told by
 * families being small. AF_INET6 is another number on every system.
 */
export function nullLoop(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 4 > end) return DropReason.Link;
  const family =
    bytes[at] === 0 && bytes[at + 1] === 0
      ? (bytes[at + 2]! << 8) | bytes[at + 3]!
      : bytes[at + 2] === 0 && bytes[at + 3] === 0
        ? (bytes[at + 1]! << 8) | bytes[at]!
        : 0;
  decoding.at = at + 4;
  return isIpFamily(family) ? Layer.Ip : DropReason.NotIp;
}

/** Whether a number is AF_INET, or AF_INET6 of some system: Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin. */
export function isIpFamily(family: number): boolean {
  return family === 2 || family === 10 || family === 23 || family === 24 || family === 28 || family === 30;
}
