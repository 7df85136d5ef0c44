import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';
import { isIpFamily } from './null.ts';

/** Reads the header of the log of OpenBSD's pf (LINKTYPE_PFLOG): its length, which padding to 4 follows, and the address family. */
export function pflog(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 2 > end) return DropReason.Link;
  const length = (bytes[at]! + 3) & ~3;
  if (length < 28 || at + length > end) return DropReason.Link;
  decoding.at = at + length;
  return isIpFamily(bytes[at + 1]!) ? Layer.Ip : DropReason.NotIp;
}
