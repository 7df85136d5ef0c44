import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { swappedWlan, wlan } from '../link/wlan.ts';
import { Layer, type Step } from '../step.ts';

/**
 * Reads the header of CAPWAP's data channel (RFC 5415 §4.3): frames of 802.3, or of 802.11 where they are native. What is encrypted,
 * a later fragment, or keeps the channel alive stays a packet between access point and controller.
 */
export function capwap(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 8 > end || bytes[at] !== 0) return DropReason.Decoded;
  const length = (bytes[at + 1]! >> 3) * 4;
  const isNative = (bytes[at + 2]! & 0x01) !== 0;
  const isWlan = ((bytes[at + 2]! >> 1) & 0x1f) === 1;
  const isFragment = (bytes[at + 3]! & 0x80) !== 0;
  const keepsAlive = (bytes[at + 3]! & 0x08) !== 0;
  const offset = ((bytes[at + 6]! << 8) | bytes[at + 7]!) >> 3;
  if (length < 8 || at + length + 2 > end || keepsAlive || (isFragment && offset !== 0))
    return DropReason.Decoded;
  decoding.at = at + length;
  if (!isNative) return decoding.enter('capwap', -1, Layer.Ethernet);
  return isWlan ? decoding.enter('capwap', -1, native(decoding)) : DropReason.Decoded;
}

/** Some access points swap the bytes of fields: they do when only that makes it a frame of version 0 with data. */
function native(decoding: Decoding): Step {
  const { bytes, at } = decoding;
  const isSwapped = (bytes[at]! & 0x0f) !== 0x08 && (bytes[at + 1]! & 0x0f) === 0x08;
  return isSwapped ? swappedWlan(decoding) : wlan(decoding);
}
