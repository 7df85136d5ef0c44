import type { RecordedAccount } from '../scap/lists.ts';
import type { ContainerRecord } from '../state/container.ts';
import type { Surroundings } from '../state/process-table.ts';
import { type StateLimits, SystemState } from '../state/system-state.ts';
import type { Thread } from '../state/thread.ts';
import type { SystemEvent } from '../system-event.ts';
import type { RecordingItem, RecordingStart } from './item.ts';

/** Names that a recording may tell; more are left out. */
const maxNames = 100_000;

/** What a recording tells of its machine beside the processes. */
class RecordedNames implements Surroundings {
  hostname?: string;
  readonly #accounts = new Map<string, string>();
  readonly #containers = new Map<string, ContainerRecord>();

  // Asked without their object, too.
  readonly userName = (id: number): string | undefined => this.#accounts.get(`user ${id}`);
  readonly groupName = (id: number): string | undefined => this.#accounts.get(`group ${id}`);
  readonly container = (id: string): ContainerRecord | undefined => this.#containers.get(id);

  addAccount({ kind, id, name }: RecordedAccount): void {
    if (this.#accounts.size < maxNames) this.#accounts.set(`${kind} ${id}`, name);
  }

  addContainer(container: ContainerRecord): void {
    if (this.#containers.size < maxNames) this.#containers.set(container.id, container);
  }
}

/** A machine as a recording tells of it: takes the items in their order, and gives events with the processes as they were. */
export class RecordedMachine {
  readonly #limits: StateLimits | undefined;
  #names = new RecordedNames();
  #state: SystemState;
  #start: RecordingStart | undefined;
  /** Whether something is missing since the last segment began. */
  #isDamaged = false;
  /** Whether threads that come now are known already, and better: the segment goes on where the one before it ended. */
  #isKnown = false;

  constructor(limits?: StateLimits) {
    this.#limits = limits;
    this.#state = this.#begin();
  }

  get start(): RecordingStart | undefined {
    return this.#start;
  }

  thread(tid: number): Thread | undefined {
    return this.#state.thread(tid);
  }

  /** Returns the event of an item, valid until the next item; undefined for items that are none. */
  take(item: RecordingItem): SystemEvent | undefined {
    switch (item.kind) {
      case 'event':
        this.#isKnown = false;
        return this.#state.apply(item.raw, item.number);
      case 'thread':
        if (!this.#isKnown) this.#state.seed(item.thread);
        return undefined;
      case 'account':
        this.#names.addAccount(item.account);
        return undefined;
      case 'container':
        this.#names.addContainer(item.container);
        return undefined;
      case 'start':
        this.#segment(item.start);
        return undefined;
      case 'fault':
        this.#isDamaged = true;
        return undefined;
      default:
        return undefined;
    }
  }

  #segment(start: RecordingStart): void {
    const before = this.#start;
    this.#start = start;
    this.#isKnown =
      before !== undefined &&
      before.id === start.id &&
      before.segment + 1 === start.segment &&
      !this.#isDamaged;
    this.#isDamaged = false;
    if (this.#isKnown) return;
    this.#names = new RecordedNames();
    this.#state = this.#begin();
    if (start.hostname !== undefined) this.#names.hostname = start.hostname;
  }

  #begin(): SystemState {
    return new SystemState(this.#names, this.#limits);
  }
}
