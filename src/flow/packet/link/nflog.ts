import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';
import { isIpFamily } from './null.ts';

const payloadAttribute = 9;

/**
 * Reads a packet of netfilter's log (LINKTYPE_NFLOG): attributes in the byte order of the machine that captured, which is told by
 * the one that makes them lead to a payload.
 */
export function nflog(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 4 > end) return DropReason.Link;
  if (!isIpFamily(bytes[at]!)) return DropReason.NotIp;
  if (findPayload(decoding, true) || findPayload(decoding, false)) return Layer.Ip;
  return DropReason.Link;
}

/** Moves to the payload, and tells whether there is one. */
function findPayload(decoding: Decoding, littleEndian: boolean): boolean {
  const { bytes, at, end, wireEnd } = decoding;
  const low = littleEndian ? 0 : 1;
  const high = 1 - low;
  for (let place = at + 4; place + 4 <= end; ) {
    const length = bytes[place + low]! | (bytes[place + high]! << 8);
    const type = bytes[place + 2 + low]! | (bytes[place + 2 + high]! << 8);
    if (length < 4 || place + length > wireEnd) return false;
    if (type === payloadAttribute) {
      decoding.at = place + 4;
      decoding.limit(length - 4);
      return true;
    }
    place += (length + 3) & ~3;
  }
  return false;
}
