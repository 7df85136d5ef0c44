import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';

const flag = { toDs: 1, fromDs: 2, isProtected: 0x40, order: 0x80 } as const;

/** Reads a frame of 802.11 (IEEE 802.11 §9.2, §9.3.2) up to its LLC header. */
export function wlan(decoding: Decoding): Step {
  return wlanFrame(decoding, false, false);
}

/** Reads a frame whose fields of two bytes are big-endian, as those that some access points send in CAPWAP. */
export function swappedWlan(decoding: Decoding): Step {
  return wlanFrame(decoding, true, false);
}

/** `isPadded`: the header is filled up to words of four bytes. */
function wlanFrame(decoding: Decoding, isSwapped: boolean, isPadded: boolean): Step {
  const { bytes, at, end } = decoding;
  if (at + 2 > end) return DropReason.Link;
  const control = bytes[isSwapped ? at + 1 : at]!;
  const flags = bytes[isSwapped ? at : at + 1]!;
  if ((control & 3) !== 0) return DropReason.Link;
  const isData = (control & 0x0c) === 0x08;
  if (!isData || (control & 0x40) !== 0) return DropReason.NoData;
  if ((flags & flag.isProtected) !== 0) return DropReason.Encrypted;
  const isQos = (control & 0x80) !== 0;
  let length = 24;
  if ((flags & (flag.toDs | flag.fromDs)) === (flag.toDs | flag.fromDs)) length += 6;
  const qosAt = at + length;
  if (isQos) {
    length += 2;
    if ((flags & flag.order) !== 0) length += 4;
  }
  if (isPadded) length = (length + 3) & ~3;
  if (at + length > end) return DropReason.Link;
  if ((bytes[isSwapped ? at + 23 : at + 22]! & 0x0f) !== 0) return DropReason.LinkFragment;
  // An aggregate begins with addresses and length of its first part (§9.3.2.2); the others are not looked at.
  const isAggregate = isQos && (bytes[qosAt]! & 0x80) !== 0;
  decoding.at = at + length + (isAggregate ? 14 : 0);
  return Layer.Llc;
}

const radiotapFlags = { fcs: 0x10, padded: 0x20 } as const;

/** Reads a radiotap header (radiotap.org; little-endian) and the frame of 802.11 behind it, without its checksum. */
export function radiotap(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 8 > end || bytes[at] !== 0) return DropReason.Link;
  const length = bytes[at + 2]! | (bytes[at + 3]! << 8);
  if (length < 8 || at + length + 2 > end) return DropReason.Link;
  // Further words of what is present follow while their last bit is set; fields begin behind them.
  let fields = at + 8;
  for (let word = at + 4; (bytes[word + 3]! & 0x80) !== 0; word += 4) {
    fields += 4;
    if (fields > at + length) return DropReason.Link;
  }
  let flags = 0;
  if ((bytes[at + 4]! & 2) !== 0) {
    // Only a time stamp of eight bytes, aligned within the header, stands before the flags.
    if ((bytes[at + 4]! & 1) !== 0) fields = at + ((fields - at + 7) & ~7) + 8;
    if (fields < at + length) flags = bytes[fields]!;
  }
  decoding.at = at + length;
  if ((flags & radiotapFlags.fcs) !== 0) decoding.trim(4);
  return wlanFrame(decoding, false, (flags & radiotapFlags.padded) !== 0);
}
