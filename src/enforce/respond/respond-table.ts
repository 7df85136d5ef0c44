import type { Action } from '../../respond/model.ts';
import { changeOf, respondTable, tableText } from '../../respond/table.ts';
import { Refused } from '../enforcer.ts';
import { readNftError } from '../nft-errors.ts';
import { digestOf } from '../nftables.ts';
import type { Runner } from '../runner.ts';

const [family, name] = respondTable.split(' ') as [string, string];
/** Makes the table whatever there was before, so that it can be deleted. */
const removal = `add table ${respondTable}\ndelete table ${respondTable}\n`;

/**
 * The table `inet picket_respond` of a network namespace: blocked and limited addresses, each with a timeout of its own by which the kernel ends it. No other
 * table is ever touched, and each call of nft is done whole or not at all. It is a table of its own, so that what is declared and applied
 * (`inet picket`) neither loses blocks nor drifts by them, and is gone without a trace with the last of them.
 */
export class RespondTable {
  readonly #runner: Runner;
  /** Of the chains as nft listed them after they were made; undefined before. */
  #chains: string | undefined;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  /** Puts an action in force for so many seconds. Throws {@link Refused} where the kernel does not take it; nothing has changed then. */
  async put(action: Action, id: string, seconds: number): Promise<void> {
    const chains = this.#chains === undefined ? undefined : await this.#listChains();
    const isWhole = chains !== undefined && chains === this.#chains;
    await this.#load(`${isWhole ? '' : tableText()}${changeOf(action, id).put(seconds)}`);
    if (!isWhole) this.#chains = await this.#listChains();
  }

  /** Makes it last so many seconds from now; false where it has ended meanwhile. */
  async extend(action: Action, id: string, seconds: number): Promise<boolean> {
    return this.#try(changeOf(action, id).extend(seconds));
  }

  /** Takes it back, whether it is there or not. Throws {@link Refused} where it stays in force. */
  async remove(action: Action, id: string): Promise<void> {
    const { remove, leftover } = changeOf(action, id);
    const { code, err } = await this.#runner.run('nft', ['-f', '-'], { input: remove });
    if (code === 0) return;
    if ((await this.inForce()).has(id))
      throw new Refused(`nft does not take it back: ${readNftError(err).message}`);
    if (leftover !== undefined) await this.#try(leftover);
  }

  /** Returns the ids of the responses that are in force. Throws an Error where nft cannot be asked. */
  async inForce(): Promise<ReadonlySet<string>> {
    const { code, out, err } = await this.#runner.run('nft', ['list', 'table', family, name]);
    if (code !== 0 && !/No such file/.test(err))
      throw new Error(`the table ${respondTable} cannot be read: ${readNftError(err).message}`);
    return new Set([...out.matchAll(/ expires \S+ comment "(r\d+)"/g)].map(([, id]) => id!));
  }

  /** Takes away the table where nothing is in force any more, so that nothing of it is left. */
  async tidy(): Promise<void> {
    if ((await this.#listChains()) === undefined || (await this.inForce()).size > 0) return;
    await this.clear();
  }

  /** Takes away the table with all that is in it. Throws {@link Refused} where the kernel does not take it. */
  async clear(): Promise<void> {
    this.#chains = undefined;
    await this.#load(removal);
  }

  /**
   * Deletes what connection tracking knows of a prefix, so that no entry of a cut connection lingers; nothing where there is no conntrack(8). What it cannot
   * delete ends by itself: packets are dropped before they are tracked.
   */
  async forget({ prefix }: Action): Promise<void> {
    if (this.#runner.find('conntrack') === undefined) return;
    const family = prefix.includes(':') ? 'ipv6' : 'ipv4';
    for (const end of ['--orig-src', '--orig-dst', '--reply-src'])
      await this.#runner.run('conntrack', ['-D', '-f', family, end, prefix]).catch(() => undefined);
  }

  /** The chains without counts; undefined where there is no table. */
  async #listChains(): Promise<string | undefined> {
    const { code, out } = await this.#runner.run('nft', ['-s', '-t', 'list', 'table', family, name]);
    return code === 0 ? digestOf(out.slice(Math.max(0, out.indexOf('\tchain ')))) : undefined;
  }

  async #load(text: string): Promise<void> {
    const { code, err } = await this.#runner.run('nft', ['-f', '-'], { input: text });
    if (code !== 0) throw new Refused(`nft does not take it: ${readNftError(err).message}`);
  }

  async #try(text: string): Promise<boolean> {
    return (await this.#runner.run('nft', ['-f', '-'], { input: text })).code === 0;
  }
}
