import type { AddressSet } from '../../net/address-set.ts';
import type { Action, Trigger } from '../model.ts';
import type { Step } from '../playbooks.ts';

type Of<T, K> = Extract<T, { kind: K }>;

/** One kind of response: one file under `actions/` exports one of these. Pure: what it does to a machine is done in `enforce/respond/`. */
export interface ActionDefinition<K extends Action['kind'] = Action['kind']> {
  readonly id: K;
  readonly title: string;
  readonly since: string;
  /** Markdown: what it does, how it ends, what it cannot do. */
  readonly doc: string;
  /** Returns what exactly is to be done about a trigger, or why nothing can be, as a clause. */
  plan(step: Of<Step, K>, trigger: Trigger): Of<Action, K> | { readonly impossible: string };
  /** Returns e.g. `block 198.51.100.7 for 1h`. */
  titleOf(action: Of<Action, K>): string;
  /** Returns the addresses from and to which it may cut something. */
  cuts(action: Of<Action, K>): AddressSet;
}
