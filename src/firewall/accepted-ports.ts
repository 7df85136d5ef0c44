import type { Address, Family } from '../net/address.ts';
import { PortSet } from '../net/port-set.ts';
import { isBeforeTracking } from './hooks.ts';
import { followableChains } from './jumps.ts';
import { hasPorts, matchPacket, type Packet } from './packet.ts';
import { portLimits } from './port-limits.ts';
import type { Chain, Hook, Match, Rule, Ruleset, Table } from './ruleset.ts';
import { baseChains, beforeTracking, firstOfConnection, judgePacket } from './simulate.ts';

/** A new connection whose destination port is left open. */
export interface PortQuestion {
  readonly family: Family;
  readonly chain: Packet['chain'];
  readonly protocol: number;
  readonly source?: Address;
  readonly destination?: Address;
  readonly inInterface?: string;
  readonly outInterface?: string;
  readonly local?: boolean;
}

/** Ports that are accepted whatever is not known, and those that may be. */
export interface AcceptedPorts {
  readonly certain: PortSet;
  readonly possible: PortSet;
}

/** Ports whose packets may come to each end of a walk. */
interface PortEnds {
  readonly accept: PortSet;
  readonly drop: PortSet;
  readonly back: PortSet;
}

const { all, empty } = PortSet;
const anything: PortEnds = { accept: all, drop: all, back: all };

/**
 * Returns the ports on which new connections are accepted: what {@link judgePacket} of simulate.ts says for each port,
 * for all of them in one walk. `certain` are those it allows, `possible` besides those it calls unknown.
 */
export function acceptedPorts(ruleset: Ruleset, question: PortQuestion): AcceptedPorts {
  if (ruleset.opaque.length > 0) return { certain: empty, possible: all };
  const packet: Packet = { ...question, state: 'NEW' };
  const limits = portLimits(ruleset);
  if (limits !== undefined) return oneByOne(ruleset, packet, limits);
  let [accept, drop] = [all, empty];
  const [early, late] = [beforeTracking(packet), firstOfConnection(packet)];
  for (const hooked of baseChains(ruleset, packet)) {
    const { table, chain, hook } = hooked;
    const ends = new PortWalk(table, isBeforeTracking(hooked) ? early : late, hook).chain(chain);
    const isClosed = chain.policy?.effect === 'drop';
    accept = accept.intersect(isClosed ? ends.accept : ends.accept.union(ends.back));
    drop = drop.union(isClosed ? ends.drop.union(ends.back) : ends.drop);
  }
  return { certain: accept.subtract(drop), possible: accept };
}

/** Asks for the first port of each range that no rule tells apart, where rules change packets on their way. */
function oneByOne(ruleset: Ruleset, packet: Packet, limits: readonly number[]): AcceptedPorts {
  let [certain, possible] = [empty, empty];
  for (const [i, from] of limits.entries()) {
    const { outcome } = judgePacket(ruleset, { ...packet, port: from });
    if (outcome === 'deny') continue;
    const range = PortSet.range(from, (limits[i + 1] ?? 65_536) - 1);
    possible = possible.union(range);
    if (outcome === 'allow') certain = certain.union(range);
  }
  return { certain, possible };
}

/** A walk of packets to all ports at once through the chains of one table. */
class PortWalk {
  readonly #table: Table;
  readonly #packet: Packet;
  readonly #hook: Hook;
  readonly #done = new Map<Chain, PortEnds>();
  readonly #followable: ReadonlySet<Chain>;

  constructor(table: Table, packet: Packet, hook: Hook) {
    this.#table = table;
    this.#packet = packet;
    this.#hook = hook;
    this.#followable = followableChains(table);
  }

  chain(chain: Chain): PortEnds {
    const known = this.#done.get(chain);
    if (known !== undefined) return known;
    let [live, accept, drop, back] = [all, empty, empty, empty];
    for (const rule of chain.rules) {
      if (live.isEmpty) break;
      const { certain, possible } = this.#matching(rule.matches);
      const taken = live.intersect(possible);
      if (taken.isEmpty) continue;
      const { effect } = rule.target;
      const ends = this.#follow(rule);
      accept = accept.union(taken.intersect(ends.accept));
      drop = drop.union(taken.intersect(ends.drop));
      live = live.subtract(certain);
      if (effect === 'goto' || effect === 'return') back = back.union(taken.intersect(ends.back));
      else live = live.union(taken.intersect(ends.back));
    }
    const ends = { accept, drop, back: back.union(live) };
    this.#done.set(chain, ends);
    return ends;
  }

  #follow({ target: { effect, name } }: Rule): PortEnds {
    switch (effect) {
      case 'accept':
        return { accept: all, drop: empty, back: empty };
      case 'drop':
        return { accept: empty, drop: all, back: empty };
      case 'return':
      case 'continue':
        return { accept: empty, drop: empty, back: all };
      case 'jump':
      case 'goto': {
        const target = this.#table.chains.get(name);
        return target === undefined || !this.#followable.has(target) ? anything : this.chain(target);
      }
      default:
        return anything;
    }
  }

  /** Ports for which all conditions hold, and those for which they may. */
  #matching(matches: readonly Match[]): { readonly certain: PortSet; readonly possible: PortSet } {
    let [certain, possible] = [all, all];
    for (const match of matches) {
      const about = this.#ports(match);
      if (about !== undefined) {
        certain = certain.intersect(about.certain);
        possible = possible.intersect(about.possible);
        continue;
      }
      const answer = matchPacket(match, this.#packet, this.#hook);
      if (answer === false) return { certain: empty, possible: empty };
      if (answer === undefined) certain = empty;
    }
    return { certain, possible };
  }

  /** Ports for which a condition about the destination port holds or may hold; undefined for other conditions. */
  #ports(match: Match): { readonly certain: PortSet; readonly possible: PortSet } | undefined {
    if (match.kind !== 'destination port' && match.kind !== 'either port') return undefined;
    if (!hasPorts(this.#packet.protocol)) return undefined;
    const { ports, negated } = match;
    if (match.kind === 'destination port') {
      const holding = negated ? ports.complement() : ports;
      return { certain: holding, possible: holding };
    }
    // The source port is not known: it may be one of them.
    if (ports.isEmpty || ports.isAll) {
      const holding = ports.isEmpty === negated ? all : empty;
      return { certain: holding, possible: holding };
    }
    return negated ? { certain: empty, possible: ports.complement() } : { certain: ports, possible: all };
  }
}
