import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** What a spool knows of itself besides its records. */
export interface CursorValue {
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** The last number that is done. */
  readonly acknowledged: number;
}

const slotBytes = 20;

/**
 * The last acknowledged number on disk, in two slots that are written by turns: whatever becomes of a write, the other slot
 * holds the number before.
 */
export class Cursor {
  readonly #path: string;
  #descriptor: number | undefined;
  #slot = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Returns what was written last; undefined when there is nothing sound. Throws for a failing disk. */
  read(): CursorValue | undefined {
    const bytes = Buffer.alloc(2 * slotBytes);
    const length = readSync(this.#open(), bytes, 0, bytes.length, 0);
    let found: CursorValue | undefined;
    for (const slot of [0, 1]) {
      const one = bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes);
      if ((slot + 1) * slotBytes > length || crc32(one.subarray(4)) !== one.readUInt32LE(0)) continue;
      const acknowledged = Number(one.readBigUInt64LE(12));
      if (found !== undefined && found.acknowledged >= acknowledged) continue;
      found = { id: one.toString('hex', 4, 12), acknowledged };
      this.#slot = slot;
    }
    return found;
  }

  /** Throws for a failing disk. */
  write({ id, acknowledged }: CursorValue): void {
    const slot = Buffer.alloc(slotBytes);
    slot.write(id, 4, 'hex');
    slot.writeBigUInt64LE(BigInt(acknowledged), 12);
    slot.writeUInt32LE(crc32(slot.subarray(4)), 0);
    this.#slot = 1 - this.#slot;
    const written = writeSync(this.#open(), slot, 0, slotBytes, this.#slot * slotBytes);
    if (written < slotBytes) throw new Error('ENOSPC: no space left on device, write');
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** `a` would append whatever the place. */
  #open(): number {
    if (this.#descriptor !== undefined) return this.#descriptor;
    try {
      this.#descriptor = openSync(this.#path, 'r+');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#descriptor = openSync(this.#path, 'wx+', 0o600);
    }
    return this.#descriptor;
  }
}
