import type { Family } from '../../../net/address.ts';
import type { Packet } from '../../packet.ts';
import type { Rule, Ruleset } from '../../ruleset.ts';
import { type Box, boxOf, isUnconditional, overlap, trafficOf, wholeVersion } from './box.ts';
import { type FlatChain, type FlatRule, flatChains, type LeftRule } from './flat-rules.ts';

/** Packets that a rule accepts or drops. */
export interface BoxedRule {
  readonly box: Box;
  readonly rule: Rule;
}

/** What the chains of one hook say of one IP version, in the terms of a HostFirewall. */
export interface Direction {
  readonly policy: 'accept' | 'drop';
  readonly deny: readonly BoxedRule[];
  readonly allow: readonly BoxedRule[];
  /** The rule that accepts echo requests from anywhere. */
  readonly echo: Rule | undefined;
  readonly logs: boolean;
  readonly left: readonly LeftRule[];
}

/** Types that every HostFirewall accepts (RFC 4890, section 4.4), by IP version. */
const always: Readonly<Record<Family, ReadonlySet<number>>> = {
  4: new Set([3, 11, 12]),
  6: new Set([1, 2, 3, 4, 130, 131, 132, 133, 134, 135, 136, 143]),
};
const echoRequest: Readonly<Record<Family, number>> = { 4: 8, 6: 128 };
/** Answers to what was asked come in as part of a connection. */
const echoReply: Readonly<Record<Family, number>> = { 4: 0, 6: 129 };

/** Returns what the rules of a hook say, or undefined where no chain hangs there that says anything. */
export function readDirection(
  ruleset: Ruleset,
  family: Family,
  chain: Packet['chain'],
): Direction | undefined {
  const chains = flatChains(ruleset, { family, chain, state: 'NEW' }).filter(
    ({ rules, left, policy }) => rules.length + left.length > 0 || policy === 'drop',
  );
  if (chains.length === 0) return undefined;
  const reading = new DirectionReading(family, chain);
  // A packet must pass every chain: the last one that may drop what is not named is the one whose accepts count.
  const main = chains.findLast((one) => one.policy === 'drop' || closes(one, family)) ?? chains.at(-1)!;
  for (const one of chains) {
    if (one !== main) reading.early(one);
  }
  return reading.main(main);
}

/** Whether a rule without conditions drops what comes to it. */
function closes({ rules }: FlatChain, family: Family): boolean {
  return rules.some(({ matches, effect }) => {
    const box = effect === 'drop' ? boxOf(matches, family) : 'none';
    return box !== 'none' && !('why' in box) && isUnconditional(box) && box.states.has('NEW');
  });
}

class DirectionReading {
  readonly #family: Family;
  readonly #chain: Packet['chain'];
  readonly #deny: BoxedRule[] = [];
  readonly #allow: BoxedRule[] = [];
  readonly #left: LeftRule[] = [];
  #echo: Rule | undefined;
  #logs = false;

  constructor(family: Family, chain: Packet['chain']) {
    this.#family = family;
    this.#chain = chain;
  }

  /** A chain that another one follows: what it drops is dropped for good, what it accepts goes on to the other. */
  early({ rules, left, policy, logs }: FlatChain): void {
    this.#left.push(...left);
    this.#logs ||= logs;
    const accepted: Box[] = [];
    for (const flat of rules) {
      const box = this.#box(flat);
      if (box === undefined || isImplied(box, flat, this.#chain)) continue;
      if (flat.effect === 'accept') accepted.push(box);
      else if (policy === 'drop' || accepted.some((one) => overlap(one, box)))
        this.#leave(flat.rule, 'another chain decides of the same packets');
      else this.#drop(box, flat.rule);
    }
    const [last] = rules.slice(-1);
    if (policy === 'drop' && last)
      this.#leave(last.rule, 'its chain drops the rest, and another one does too');
  }

  main({ rules, left, policy, logs }: FlatChain): Direction {
    this.#left.push(...left);
    this.#logs ||= logs;
    const boxes: { readonly flat: FlatRule; readonly box: Box }[] = [];
    let rest = policy;
    for (const flat of rules) {
      const box = this.#box(flat);
      if (box === undefined || isImplied(box, flat, this.#chain)) continue;
      if (isUnconditional(box) && box.states.has('NEW')) {
        rest = flat.effect;
        break;
      }
      boxes.push({ flat, box });
    }
    for (const [at, { flat, box }] of boxes.entries()) {
      if (flat.effect === 'accept') {
        // With a policy that accepts, an accept matters where a later rule drops.
        if (rest === 'drop') this.#accept(box, flat.rule);
        continue;
      }
      const later = boxes.slice(at + 1).some((one) => one.flat.effect === 'accept' && overlap(one.box, box));
      if (rest === 'drop' && !later) continue;
      const earlier = boxes.slice(0, at).some((one) => one.flat.effect === 'accept' && overlap(one.box, box));
      if (earlier) this.#leave(flat.rule, 'a rule before it accepts some of what it drops');
      else this.#drop(box, flat.rule);
    }
    return {
      policy: rest,
      deny: this.#deny,
      allow: this.#allow,
      echo: this.#echo,
      logs: this.#logs,
      left: this.#left,
    };
  }

  #box({ matches, rule }: FlatRule): Box | undefined {
    const box = boxOf(matches, this.#family);
    if (box === 'none') return undefined;
    if (!('why' in box)) {
      // What comes in for the machine leaves by no interface, and what it sends comes in by none.
      const other = { INPUT: box.outgoing, OUTPUT: box.incoming, FORWARD: undefined }[this.#chain];
      return other === undefined ? box : undefined;
    }
    this.#leave(rule, box.why);
    return undefined;
  }

  #drop(box: Box, rule: Rule): void {
    if (box.icmp !== undefined) this.#leave(rule, 'no rule names single types of ICMP');
    else if (!box.states.has('NEW')) this.#leave(rule, 'it drops what belongs to connections');
    else this.#name(box, rule, this.#deny);
  }

  #accept(box: Box, rule: Rule): void {
    if (!box.states.has('NEW')) {
      if (box.states.has('INVALID')) this.#leave(rule, 'packets of no connection are dropped');
    } else if (box.icmp !== undefined) this.#acceptIcmp(box, rule);
    else this.#name(box, rule, this.#allow);
  }

  #name(box: Box, rule: Rule, list: BoxedRule[]): void {
    if (this.#chain === 'OUTPUT' && !box.source.equals(wholeVersion(this.#family)))
      this.#leave(rule, 'rules of what the machine sends name no source');
    else if (isNameable(box)) list.push({ box, rule });
    else this.#leave(rule, 'no rule names these protocols');
  }

  #acceptIcmp(box: Box, rule: Rule): void {
    const family = this.#family;
    const anywhere = isUnconditional({ ...box, icmp: undefined, protocols: boxOfAll(family).protocols });
    for (const { type } of box.icmp ?? []) {
      if (type === undefined || always[family].has(type) || type === echoReply[family]) continue;
      if (type === echoRequest[family] && anywhere && this.#chain === 'INPUT') this.#echo ??= rule;
      else this.#leave(rule, 'no rule names single types of ICMP, but echo requests from anywhere');
    }
  }

  #leave(rule: Rule, why: string): void {
    if (!this.#left.some((one) => one.rule === rule)) this.#left.push({ rule, why });
  }
}

function boxOfAll(family: Family): Box {
  return boxOf([], family) as Box;
}

/** Whether every HostFirewall does the same without being told. */
function isImplied(box: Box, { effect }: FlatRule, chain: Packet['chain']): boolean {
  const { states } = box;
  if (effect === 'drop') return chain === 'INPUT' && [...states].every((state) => state === 'INVALID');
  const ofConnections = [...states].every((state) => state === 'ESTABLISHED' || state === 'RELATED');
  const device = chain === 'OUTPUT' ? box.outgoing : chain === 'INPUT' ? box.incoming : undefined;
  return ofConnections || (device?.length === 1 && device[0] === 'lo');
}

function isNameable(box: Box): boolean {
  const traffic = trafficOf(box);
  return traffic === undefined || (traffic.numbers.length > 0 && traffic.numbers.length <= 16);
}
