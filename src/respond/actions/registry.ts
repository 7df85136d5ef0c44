import type { AddressSet } from '../../net/address-set.ts';
import type { Action, ActionKind, Trigger } from '../model.ts';
import type { Step } from '../playbooks.ts';
import { block } from './block.ts';
import type { ActionDefinition } from './definition.ts';
import { limit } from './limit.ts';

/** Every kind of response, in the order of the reference. */
export const actions: readonly ActionDefinition[] = [block, limit] as readonly ActionDefinition[];

const byId = new Map(actions.map((one) => [one.id, one]));

function definitionOf(kind: ActionKind): ActionDefinition {
  return byId.get(kind)!;
}

/** Returns what a step does about a trigger, or why it can do nothing. */
export function planStep(step: Step, trigger: Trigger): Action | { readonly impossible: string } {
  return definitionOf(step.kind).plan(step, trigger);
}

/** Returns the title of an action. */
export function titleOf(action: Action): string {
  return definitionOf(action.kind).titleOf(action);
}

/** Returns the addresses from and to which an action may cut something. */
export function cutsOf(action: Action): AddressSet {
  return definitionOf(action.kind).cuts(action);
}
