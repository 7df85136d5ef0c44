import { slotCount } from './elements.ts';
import { Step, type Template } from './template.ts';

/** Counters end here: every integer up to it is exact in a Number. */
const most = 2 ** 53;
/** Seconds from 1900, where NTP counts from, to 1970. */
const ntpOffset = 2_208_988_800;
/** Second 0 of the next era (2036) follows on the last of the first; values below this are of the next (RFC 5905 §6). */
const eraStart = 0x80000000;

/** Reads the fields of one record at a time into slots, after a template. */
export class RecordReader {
  /** By `Slot`. A slot that the template does not fill keeps what it was. */
  readonly slots = new Float64Array(slotCount);
  /** By `Lanes`. */
  readonly lanes = new Uint32Array(16);
  readonly #float = new DataView(new ArrayBuffer(8));

  /** Empties all, before records of another template. */
  clear(): void {
    this.slots.fill(0);
    this.lanes.fill(0);
  }

  /** Reads a record of a fixed template, of which all bytes are there. */
  readFixed(template: Template, bytes: Uint8Array, start: number): void {
    const { steps } = template;
    const { slots } = this;
    for (let i = 0; i < steps.length; i += 3) {
      const at = start + steps[i + 1]!;
      let value: number;
      switch (steps[i]) {
        case 1:
          value = bytes[at]!;
          break;
        case 2:
          value = (bytes[at]! << 8) | bytes[at + 1]!;
          break;
        case 4:
          value =
            ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
          break;
        case 8: {
          const high =
            ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
          const low =
            ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0;
          value = high >= 0x200000 ? most : high * 0x100000000 + low;
          break;
        }
        case Step.Ipv6:
          this.#ipv6(bytes, at, steps[i + 2]!);
          continue;
        case Step.Position:
          value = at;
          break;
        case Step.Constant:
          value = steps[i + 1]!;
          break;
        case Step.Ntp:
          value = ntpTime(bytes, at);
          break;
        case Step.Float4:
          value = this.#floatAt(bytes, at, 4);
          break;
        case Step.Float8:
          value = this.#floatAt(bytes, at, 8);
          break;
        default:
          value = integerAt(bytes, at, steps[i]!);
      }
      slots[steps[i + 2]!] = value;
    }
  }

  /** Reads a record whose length varies. Returns where it ends, or -1 where it would end after `end`. */
  readVarying(template: Template, bytes: Uint8Array, start: number, end: number): number {
    const { steps } = template;
    const { slots } = this;
    let at = start;
    for (let i = 0; i < steps.length; i += 3) {
      let length = steps[i + 1]!;
      if (length < 0) {
        // RFC 7011 §7: one byte of length, or 255 and two.
        if (at >= end) return -1;
        length = bytes[at++]!;
        if (length === 255) {
          if (at + 2 > end) return -1;
          length = (bytes[at]! << 8) | bytes[at + 1]!;
          at += 2;
        }
      }
      if (at + length > end) return -1;
      const slot = steps[i + 2]!;
      const kind = steps[i]!;
      switch (kind) {
        case Step.Skip:
          break;
        case Step.Ipv6:
          this.#ipv6(bytes, at, slot);
          break;
        case Step.Ntp:
          slots[slot] = ntpTime(bytes, at);
          break;
        case Step.Position:
          slots[slot] = at;
          slots[slot + 1] = length;
          break;
        case Step.Float:
        case Step.Float4:
        case Step.Float8:
          slots[slot] = length === 4 || length === 8 ? this.#floatAt(bytes, at, length) : 0;
          break;
        default:
          slots[slot] = length <= 8 ? integerAt(bytes, at, length) : 0;
      }
      at += length;
    }
    return at;
  }

  #ipv6(bytes: Uint8Array, start: number, lane: number): void {
    for (let i = 0, at = start; i < 4; i++, at += 4) {
      this.lanes[lane + i] =
        (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    }
  }

  #floatAt(bytes: Uint8Array, at: number, length: 4 | 8): number {
    for (let i = 0; i < length; i++) this.#float.setUint8(i, bytes[at + i]!);
    const value = length === 4 ? this.#float.getFloat32(0) : this.#float.getFloat64(0);
    return Number.isFinite(value) ? value : 0;
  }
}

/** An unsigned integer of up to 8 bytes; at most 2^53. */
function integerAt(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + bytes[at + i]!;
  return Math.min(value, most);
}

/** Milliseconds since the epoch of an NTP time stamp (RFC 7011 §6.1.9, §6.1.10): seconds since 1900, and 2^-32 of a second. */
function ntpTime(bytes: Uint8Array, at: number): number {
  const seconds =
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  const fraction =
    ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0;
  const since1900 = seconds < eraStart ? seconds + 0x100000000 : seconds;
  return (since1900 - ntpOffset) * 1000 + (fraction / 0x100000000) * 1000;
}
