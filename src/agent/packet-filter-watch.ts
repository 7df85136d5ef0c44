import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PacketFilterState } from '../detect/packet-filter-state.ts';
import type { Runner } from '../enforce/runner.ts';
import type { HealthItem } from './status.ts';

/** How often the kernel is asked. Milliseconds. */
const everyMs = 30_000;
const id = 'packet-filter';

/**
 * Tells whether Picket's table is still what was applied last, by asking the kernel now and then, also where something is
 * applied while it watches. Changes nothing.
 */
export class PacketFilterWatch {
  readonly #folder: string;
  readonly #runner: Runner;
  readonly #machine: string;
  #item: HealthItem | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #isAsking = false;

  /** Told what the table was found to be, where it is to be something. */
  tell: (state: Omit<PacketFilterState, 'at'>) => void = () => undefined;

  /** `folder` is where changes are kept (`ChangeLog`); where there is none, nothing is asked. `machine` is the name of this one. */
  constructor(folder: string, runner: Runner, machine: string) {
    this.#folder = folder;
    this.#runner = runner;
    this.#machine = machine;
  }

  /** The condition as it was when the kernel was asked last; undefined where nothing was applied. */
  health(): HealthItem | undefined {
    return this.#item;
  }

  /** Asks the kernel when it is time; `now` in milliseconds of a clock that nobody sets. */
  tick(now: number): void {
    if (this.#isAsking || now - this.#askedAt < everyMs) return;
    this.#askedAt = now;
    this.#isAsking = true;
    void this.ask().finally(() => {
      this.#isAsking = false;
    });
  }

  /** Asks the kernel now. Never rejects. */
  async ask(): Promise<void> {
    try {
      this.#item = await this.#look();
    } catch (error) {
      this.#item = { id, state: 'warning', text: (error as Error).message };
    }
  }

  async #look(): Promise<HealthItem | undefined> {
    if (!existsSync(join(this.#folder, 'journal.jsonl'))) return undefined;
    // What reads packet filters costs megabytes, which only those pay who changed theirs.
    const { ChangeLog } = await import('../enforce/commit/change-log.ts');
    const log = new ChangeLog(this.#folder);
    const pending = log.pending();
    if (pending !== undefined) {
      const { change, until } = pending;
      return {
        id,
        state: 'warning',
        text: `change ${change} of the packet filter waits for its confirmation until ${until}`,
        help: 'picket confirm keeps it, picket rollback ends it',
      };
    }
    const expected = log.confirmed();
    if (expected === undefined) return undefined;
    const { change, time, ownDigest } = expected;
    const { digestOf, NftablesEnforcer } = await import('../enforce/nftables.ts');
    const digest = await new NftablesEnforcer(this.#runner).readOwnDigest();
    // What was applied or put back while the kernel was asked is no tampering; it is looked at the next time.
    const isStill = log.pending() === undefined && log.confirmed()?.ownDigest === ownDigest;
    if (digest !== ownDigest && !isStill) return this.#item;
    const isGone = digest === digestOf('');
    this.tell({
      machine: this.#machine,
      change,
      confirmedAt: time,
      digest,
      expected: ownDigest,
      isGone,
    });
    if (digest === ownDigest)
      return { id, state: 'ok', text: `the packet filter is as change ${change} made it (${time})` };
    return {
      id,
      state: 'warning',
      text: `the table inet picket is not as change ${change} made it: somebody else ${isGone ? 'took it away' : 'changed it'}`,
      help: 'picket plan shows how, picket apply makes it the declared one again',
    };
  }
}
