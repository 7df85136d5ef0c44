import type { HookedChain } from './hooks.ts';
import { followableChains } from './jumps.ts';
import { matchPacket, type Packet } from './packet.ts';
import { act, forget, type InterfaceAddress, merge, translate, untrack } from './packet-change.ts';
import type { Chain, Hook, PlacedAction, Rule, Table, Target } from './ruleset.ts';

/** One rule or policy that the packet meets. */
export interface Step {
  readonly table: Table;
  readonly chain: Chain;
  /** Absent at the end of a base chain. */
  readonly rule?: Rule;
  /** False when it is not known whether the rule matches. */
  readonly certain: boolean;
}

/** Which ends a walk through a chain may have. */
export interface Ends {
  readonly accept?: Step;
  /** The packet as it is accepted. */
  readonly accepted?: Packet;
  readonly drop?: Step;
  /** The packet as it comes back to the chain that jumped here; absent when it cannot. */
  readonly back?: Packet;
  /** Why an end is possible that no rule names. */
  readonly why?: string;
}

/** Ends of a rule: `back` goes on with the next rule of its chain, `returns` leaves the chain. */
interface RuleEnds extends Ends {
  readonly returns?: Packet;
}

/** Returns the ends of a walk through a base chain, whose policy is the end of what comes back. */
export function walkBase(
  { table, chain, hook }: HookedChain,
  packet: Packet,
  trail: Step[],
  interfaceAddress: InterfaceAddress,
): Omit<Ends, 'back'> {
  const { back, ...ends } = new Walk(table, hook, trail, interfaceAddress).chain(chain, packet);
  if (back === undefined) return ends;
  const step: Step = { table, chain, certain: ends.accept === undefined && ends.drop === undefined };
  trail.push(step);
  if (chain.policy?.effect === 'drop') return { ...ends, drop: ends.drop ?? step };
  return { ...ends, accept: ends.accept ?? step, accepted: merge(ends.accepted, back)! };
}

/** Names the first rule of a trail of which it is not known whether it matches, as a clause. */
export function whyOf(trail: readonly Step[]): string {
  const step = trail.find(({ certain, rule }) => !certain && rule !== undefined);
  return step?.rule === undefined
    ? 'a rule hangs on what is not known'
    : `it is not known whether the rule \`${step.rule.text}\` matches`;
}

/** Rules of which one walk tries no more. */
const mostRules = 1_000_000;

/** Walks of one packet through chains of one table, in one hook. */
class Walk {
  readonly #table: Table;
  readonly #hook: Hook;
  readonly #trail: Step[];
  readonly #interfaceAddress: InterfaceAddress;
  readonly #followable: ReadonlySet<Chain>;
  readonly #done = new Map<Chain, Map<Packet, Ends>>();
  #left = mostRules;

  constructor(table: Table, hook: Hook, trail: Step[], interfaceAddress: InterfaceAddress) {
    this.#table = table;
    this.#hook = hook;
    this.#trail = trail;
    this.#interfaceAddress = interfaceAddress;
    this.#followable = followableChains(table);
  }

  /** Returns the possible ends of the walk through a chain. The same packet walks a chain once. */
  chain(chain: Chain, packet: Packet): Ends {
    const known = this.#done.get(chain)?.get(packet);
    if (known !== undefined) return known;
    let current: Packet | undefined = packet;
    const ends: { -readonly [Key in keyof Ends]: Ends[Key] } = {};
    for (const rule of chain.rules) {
      const { answer, taken, left } = this.#read(rule, current);
      if (answer === false) {
        current = left!;
        continue;
      }
      if (this.#left-- <= 0) return this.#anything(ends, chain, rule);
      const step: Step = { table: this.#table, chain, rule, certain: answer === true };
      if (rule.target.effect !== 'continue' || rule.actions !== undefined) this.#trail.push(step);
      const after = this.#follow(step, rule.target, taken);
      addTo(ends, after);
      if (after.returns !== undefined) ends.back = merge(ends.back, after.returns)!;
      current = merge(left, after.back);
      if (current === undefined) break;
    }
    const back = merge(ends.back, current);
    if (back !== undefined) ends.back = back;
    const ofChain = this.#done.get(chain) ?? new Map<Packet, Ends>();
    this.#done.set(chain, ofChain.set(packet, ends));
    return ends;
  }

  #anything(ends: Ends, chain: Chain, rule: Rule): Ends {
    const step: Step = { table: this.#table, chain, rule, certain: false };
    return { accept: step, drop: step, ...ends, why: 'its rules jump to each other too often' };
  }

  /**
   * Returns whether the rule matches, the packet as it does, and as it does not. Conditions and actions are taken in
   * their order: an action is done as soon as the conditions before it hold.
   */
  #read(
    { matches, actions }: Rule,
    packet: Packet,
  ):
    | { readonly answer: true | undefined; readonly taken: Packet; readonly left?: Packet }
    | { readonly answer: false; readonly left: Packet; readonly taken?: undefined } {
    let taken = packet;
    let left: Packet | undefined;
    for (let place = 0; place <= matches.length; place++) {
      if (actions !== undefined) {
        const acted = this.#act(actions, place, taken);
        if (acted === undefined) return { answer: false, left: merge(left, taken)! };
        taken = acted;
      }
      const match = matches[place];
      if (match === undefined) break;
      const holds = matchPacket(match, taken, this.#hook);
      if (holds === false) return { answer: false, left: merge(left, taken)! };
      if (holds === undefined) left = merge(left, taken);
    }
    return left === undefined ? { answer: true, taken } : { answer: undefined, taken, left };
  }

  #act(actions: readonly PlacedAction[], place: number, packet: Packet): Packet | undefined {
    let acted: Packet | undefined = packet;
    for (const { after, action } of actions) {
      if (after === place) acted = act(acted, action, this.#table.backend);
      if (acted === undefined) return undefined;
    }
    return acted;
  }

  #follow(step: Step, target: Target, packet: Packet): RuleEnds {
    if (isForOtherFamily(target, packet)) return { back: packet };
    switch (target.effect) {
      case 'accept':
        return { accept: step, accepted: this.#translate(target, packet) };
      case 'drop':
        return { drop: step };
      case 'return':
        return { returns: packet };
      case 'continue':
        return { back: packet };
      case 'untrack':
        return { back: untrack(packet) };
      case 'translate':
        if (target.translation === undefined) break;
        return { accept: step, accepted: this.#translate(target, packet) };
      case 'choose':
        if (target.cases === undefined) break;
        return this.#choose(step, target.cases, packet);
      case 'jump':
      case 'goto': {
        const chain = this.#table.chains.get(target.name);
        if (chain === undefined)
          return anything(step, packet, `the chain ${target.name} is not declared here`);
        if (!this.#followable.has(chain))
          return anything(step, packet, `the kernel refuses to jump to ${target.name}`);
        const { back, ...ends } = this.chain(chain, packet);
        if (back === undefined) return ends;
        return target.effect === 'jump' ? { ...ends, back } : { ...ends, returns: back };
      }
    }
    return anything(step, packet, whyTarget(target));
  }

  #translate({ translation }: Target, packet: Packet): Packet {
    return translation === undefined
      ? packet
      : translate(packet, translation, this.#hook, this.#interfaceAddress);
  }

  /** The first case whose conditions hold; without one the rule does nothing. */
  #choose(step: Step, cases: NonNullable<Target['cases']>, packet: Packet): RuleEnds {
    const ends: { -readonly [Key in keyof RuleEnds]: RuleEnds[Key] } = {};
    let certain = step.certain;
    for (const { matches, target } of cases) {
      let holds: boolean | undefined = true;
      for (const match of matches) {
        const one = matchPacket(match, packet, this.#hook);
        if (one === false) holds = false;
        else if (one === undefined && holds === true) holds = undefined;
        if (holds === false) break;
      }
      if (holds === false) continue;
      certain &&= holds === true;
      const after = this.#follow(certain === step.certain ? step : { ...step, certain }, target, packet);
      addTo(ends, after);
      if (after.back !== undefined) ends.back = merge(ends.back, after.back)!;
      if (after.returns !== undefined) ends.returns = merge(ends.returns, after.returns)!;
      if (holds === true) return ends;
      certain = false;
    }
    ends.back = merge(ends.back, packet)!;
    return ends;
  }
}

/** Adds accept, drop and why of a rule to those of its chain. */
function addTo(ends: { -readonly [Key in keyof Ends]: Ends[Key] }, after: Ends): void {
  if (after.accept !== undefined) {
    ends.accept ??= after.accept;
    ends.accepted = merge(ends.accepted, after.accepted)!;
  }
  if (after.drop !== undefined && !ends.drop?.certain) ends.drop = after.drop;
  if (after.why !== undefined) ends.why ??= after.why;
}

/** A table of both IP versions translates only packets of the version of the address (nft_nat.c). */
function isForOtherFamily({ translation }: Target, { family }: Packet): boolean {
  const addresses = translation?.addresses;
  return addresses !== undefined && addresses !== 'interface' && addresses.from.family !== family;
}

function anything(step: Step, packet: Packet, why: string): RuleEnds {
  const after = forget(packet);
  return { accept: step, accepted: after, drop: step, back: after, why };
}

function whyTarget({ effect, name }: Target): string {
  if (effect === 'translate') return `${name} sends it elsewhere`;
  if (effect === 'choose') return 'its map is not followed';
  return `what ${name} does is not known`;
}
