import { Packet } from '../packet/packet.ts';
import { mostTouched, type PacketFlows } from './packet-flows.ts';
import type { PacketKey } from './packet-key.ts';

const noBytes = new Uint8Array(0);

/**
 * Packets on their way into a table of flows. They are counted several at a time, in their order, so that the memory that they need is
 * asked for together. {@link flush} before anything else is asked of the table, and before bytes that were given are used again.
 */
export class PacketQueue {
  readonly #flows: PacketFlows;
  readonly #packets: readonly Packet[] = Array.from({ length: mostTouched }, () => new Packet());
  readonly #keys: readonly PacketKey[];
  #bytes: Uint8Array = noBytes;
  #count = 0;

  constructor(flows: PacketFlows) {
    this.#flows = flows;
    this.#keys = this.#packets.map(() => flows.newKey());
  }

  /** The packet to be filled in before {@link take}. */
  get next(): Packet {
    return this.#packets[this.#count]!;
  }

  /** Takes {@link next}, the payload of which stands in `bytes`. */
  take(bytes: Uint8Array): void {
    // A reader that comes to other bytes may use those before again.
    if (bytes !== this.#bytes) this.flush();
    const packet = this.next;
    const key = this.#keys[this.#count]!;
    if (packet.family === 4 || packet.family === 6) key.ofPacket(packet);
    if (bytes !== this.#bytes) {
      // The first of other bytes may be the only one that stands there.
      this.#bytes = bytes;
      this.#flows.addWithKey(packet, key, bytes);
    } else if (++this.#count === mostTouched) this.#add();
  }

  /** Counts all that were taken; their bytes are no longer needed. */
  flush(): void {
    if (this.#count > 0) this.#add();
    this.#bytes = noBytes;
  }

  #add(): void {
    const count = this.#count;
    const flows = this.#flows;
    const [packets, keys, bytes] = [this.#packets, this.#keys, this.#bytes];
    this.#count = 0;
    flows.touch(keys, count);
    for (let i = 0; i < count; i++) flows.addWithKey(packets[i]!, keys[i]!, bytes);
  }
}
