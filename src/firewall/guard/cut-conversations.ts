import { type Address, isLoopback } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { Packet } from '../packet.ts';
import { judgePacket } from '../simulate.ts';
import type { RulesetChange } from './find-cuts.ts';
import { interfaceOf, type Machine } from './machine.ts';
import { joinRulesets } from './machine-rules.ts';

/** A conversation that was seen. */
export interface SeenConversation {
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  /** Port of the destination; absent where the protocol has none. */
  readonly port?: number;
  readonly sourcePort?: number;
  /** How many this one stands for; default 1. */
  readonly count?: number;
}

/** One that a change would cut. */
export interface CutConversation extends SeenConversation {
  /** `now`: its next packet. `anew`: it goes on, and its like could not begin any more. */
  readonly when: 'now' | 'anew';
  /** The rule, as written, or `policy drop`. */
  readonly rule: string;
}

/** What a change would do to conversations. */
export interface CutConversations {
  /** How many were looked at, were cut now, could not begin anew, hang on what is not known, and were not looked at. */
  readonly counts: {
    readonly looked: number;
    readonly now: number;
    readonly anew: number;
    readonly unknown: number;
    readonly unseen: number;
  };
  /** The first of those cut. */
  readonly examples: readonly CutConversation[];
}

/** How far it goes. */
export interface CutLimits {
  readonly examples: number;
  /** Tells whether the time is over; asked before each conversation. */
  readonly isOver: () => boolean;
}

/**
 * Returns which conversations a change of our table would cut: those of which a packet passes now and would not pass then. `open`: they are
 * going on at this moment, so that their next packet counts as well as a new first one. The cost is that of judging four packets each.
 */
export function cutConversations(
  change: RulesetChange,
  machine: Machine,
  conversations: readonly SeenConversation[],
  open: boolean,
  { examples: most, isOver }: CutLimits,
): CutConversations {
  const before = joinRulesets([change.before, change.others]);
  const after = joinRulesets([change.after, change.others]);
  const counts = { looked: 0, now: 0, anew: 0, unknown: 0, unseen: 0 };
  const examples: CutConversation[] = [];
  for (const conversation of conversations) {
    const { count = 1 } = conversation;
    if (isOver()) {
      counts.unseen += count;
      continue;
    }
    counts.looked += count;
    const packet = firstPacket(machine, conversation);
    const fate = (state: Packet['state']) => {
      const then = judgePacket(after, { ...packet, state });
      if (then.outcome === 'allow') return undefined;
      return judgePacket(before, { ...packet, state }).outcome === 'allow' ? then : undefined;
    };
    const running = open ? fate('ESTABLISHED') : undefined;
    const verdict = running?.outcome === 'deny' ? running : (fate('NEW') ?? running);
    if (verdict === undefined) continue;
    if (verdict.outcome === 'unknown') {
      counts.unknown += count;
      continue;
    }
    const when = verdict === running ? 'now' : 'anew';
    counts[when] += count;
    const { step } = verdict;
    const rule = step?.rule?.text ?? `policy ${step?.chain.policy?.effect ?? 'drop'}`;
    if (examples.length < most) examples.push({ ...conversation, when, rule });
  }
  return { counts, examples };
}

/** The first packet of a conversation, as the machine meets it: in, out, or through. */
export function firstPacket(
  machine: Machine,
  { protocol, source, destination, port, sourcePort }: SeenConversation,
): Packet {
  const [from, to] = [interfaceOf(machine, source), interfaceOf(machine, destination)];
  const isLocal = isLoopback(destination) || (from !== undefined && to !== undefined);
  const chain = isLocal || to !== undefined ? 'INPUT' : from !== undefined ? 'OUTPUT' : 'FORWARD';
  const inInterface = isLocal ? 'lo' : chain === 'INPUT' ? to : undefined;
  const outInterface = chain === 'OUTPUT' ? from : undefined;
  return {
    family: source.family,
    chain,
    protocol,
    source,
    destination,
    state: 'NEW',
    local: isLocal,
    ...(port !== undefined && hasPort(protocol) && { port }),
    ...(sourcePort !== undefined && hasPort(protocol) && { sourcePort }),
    ...(inInterface !== undefined && { inInterface }),
    ...(outInterface !== undefined && { outInterface }),
  };
}

function hasPort(protocol: number): boolean {
  return protocol === Protocol.Tcp || protocol === Protocol.Udp || protocol === Protocol.Sctp;
}
