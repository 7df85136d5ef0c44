import type { Packet } from '../../firewall/packet.ts';
import { judgePacket } from '../../firewall/simulate.ts';
import {
  type ExplainedStep,
  type FirewallInput,
  type FirewallPlace,
  FirewallSources,
} from './firewall-sources.ts';

/** What becomes of a packet, and by which rules. */
export interface Explanation {
  readonly outcome: 'allow' | 'deny' | 'unknown';
  /** Of unknown: why, as a clause. */
  readonly why?: string;
  readonly steps: readonly ExplainedStep[];
  /** The step that decided, as a number into `steps`; absent where that is not known. */
  readonly decidedBy?: number;
  readonly problems: readonly { readonly message: string; readonly place: FirewallPlace }[];
}

/** Returns what all the texts together do with a packet: they are one machine's, each with tables of its own. */
export function explainPacket(inputs: readonly FirewallInput[], packet: Packet): Explanation {
  const sources = new FirewallSources(inputs);
  const { outcome, step, trail, why } = judgePacket(sources.ruleset, packet);
  const decidedBy = step === undefined || outcome === 'unknown' ? -1 : trail.indexOf(step);
  return {
    outcome,
    ...(why !== undefined && { why }),
    steps: trail.map((one) => sources.explain(one)),
    ...(decidedBy >= 0 && { decidedBy }),
    problems: sources.problems,
  };
}
