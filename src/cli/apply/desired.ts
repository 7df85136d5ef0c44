import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Invocation, UsageError } from '../command.ts';
import type { Io } from '../io.ts';

/** What the packet filter is to be. */
export interface DesiredState {
  /** Text of `table inet picket { … }`; empty for no table. */
  readonly text: string;
  /** Where it comes from, for messages and the journal. */
  readonly source: string;
}

/** Reads what the command line names as the wanted state. Throws UsageError. */
export async function readDesired({ options }: Pick<Invocation, 'options'>, io: Io): Promise<DesiredState> {
  const { nft, remove } = options;
  if (remove === true) {
    if (nft !== undefined)
      throw new UsageError('--remove wants no table, --nft names one', 'take one of them');
    return { text: '', source: '--remove' };
  }
  if (typeof nft !== 'string')
    throw new UsageError('no wanted state is named', 'name a file with --nft, or --remove');
  if (nft === '-') return { text: new TextDecoder().decode(await io.readStdin()), source: '<stdin>' };
  try {
    return { text: readFileSync(resolve(io.cwd, nft), 'utf8'), source: nft };
  } catch (error) {
    throw new UsageError(`${nft} cannot be read: ${(error as Error).message}`);
  }
}
