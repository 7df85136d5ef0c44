import { AddressAtoms } from '../../segmentation/address-atoms.ts';
import { type Endpoint, viewOf } from '../../segmentation/endpoint.ts';
import { isHost, nodeOf } from '../host-packet.ts';
import { packetFilters } from '../packet-filters.ts';
import type { Declared } from '../posture.ts';
import { hostBlocks } from './host-rules.ts';

/** An end, with the number of what machines see of it. */
export interface SeenEnd {
  readonly end: Endpoint;
  readonly view: number;
}

/** What packet filters and tunnels of machines tell apart of ends in one role, numbered. */
export class HostViews {
  readonly #declared: Declared;
  readonly #blocks: AddressAtoms;
  readonly #numbers = new Map<string, number>();
  /** Per machine: which firewalls run there. */
  readonly #running = new Map<number | undefined, string>();

  constructor(declared: Declared, role: 'source' | 'destination') {
    this.#declared = declared;
    this.#blocks = new AddressAtoms(hostBlocks(declared, role));
  }

  /** How many different views were seen so far. */
  get size(): number {
    return this.#numbers.size;
  }

  see(end: Endpoint): SeenEnd {
    const key = this.key(end);
    const view = this.#numbers.get(key) ?? this.#numbers.size;
    this.#numbers.set(key, view);
    return { end, view };
  }

  /** Returns a text that is equal for ends that are seen alike; several addresses are not told apart. */
  key(end: Endpoint): string {
    const { addresses } = viewOf(end, this.#declared.inventory);
    const blocks = ([4, 6] as const).map((family) => {
      const [first, second] = addresses.filter((address) => address.family === family);
      if (first === undefined) return '';
      return second === undefined ? this.#blocks.at(first) : 'many';
    });
    return end.kind === 'external' ? `outside ${blocks}` : `${isHost(end)} ${this.#runningAt(end)} ${blocks}`;
  }

  #runningAt(end: Endpoint): string {
    const node = nodeOf(end, this.#declared);
    let running = this.#running.get(node?.index);
    if (running === undefined) {
      running = packetFilters(this.#declared)
        .map((filter) => filter.runsOn(node))
        .join();
      this.#running.set(node?.index, running);
    }
    return running;
  }
}
