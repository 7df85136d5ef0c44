import { LineIndex } from '../../diagnostic/position.ts';
import type { Packet } from '../../firewall/packet.ts';
import { firewallForm, readFirewallText, readIpsets } from '../../firewall/read-text.ts';
import type { FirewallProblem, Ruleset } from '../../firewall/ruleset.ts';
import { judgePacket, type Step } from '../../firewall/simulate.ts';

/** A text of a packet filter, as it was named. */
export interface FirewallInput {
  readonly name: string;
  readonly text: string;
}

/** One rule or policy that the packet meets. */
export interface ExplainedStep {
  readonly table: string;
  readonly family: string;
  readonly backend: string;
  readonly chain: string;
  /** As written; absent where the end of a base chain is meant. */
  readonly rule?: string;
  readonly effect: string;
  /** Whether it is known that it matches. */
  readonly certain: boolean;
  readonly place?: { readonly file: string; readonly line: number; readonly column: number };
}

/** What becomes of a packet, and by which rules. */
export interface Explanation {
  readonly outcome: 'allow' | 'deny' | 'unknown';
  /** Of unknown: why, as a clause. */
  readonly why?: string;
  readonly steps: readonly ExplainedStep[];
  /** The step that decided, as a number into `steps`; absent where that is not known. */
  readonly decidedBy?: number;
  readonly problems: readonly { readonly message: string; readonly place: ExplainedStep['place'] }[];
}

/** Returns what all the texts together do with a packet: they are one machine's, each with tables of its own. */
export function explainPacket(inputs: readonly FirewallInput[], packet: Packet): Explanation {
  const ipsets = readIpsets(inputs);
  const read = inputs.map(({ name, text }) => ({
    name,
    lines: new LineIndex(text),
    ...readFirewallText(text, firewallForm(text, name), ipsets),
  }));
  const placeIn = (source: (typeof read)[number], offset: number) => {
    const { line, column } = source.lines.position(offset);
    return { file: source.name, line, column };
  };
  const ruleset: Ruleset = {
    tables: read.flatMap((one) => one.ruleset.tables),
    opaque: read.flatMap((one) => one.ruleset.opaque),
  };
  const { outcome, step, trail, why } = judgePacket(ruleset, packet);
  const explain = (one: Step): ExplainedStep => {
    const source = read.find(({ ruleset: { tables } }) => tables.includes(one.table))!;
    const { table, chain, rule, certain } = one;
    const at = rule?.at ?? chain.policy?.at;
    return {
      table: table.name,
      family: table.family,
      backend: table.backend,
      chain: chain.name,
      ...(rule && { rule: rule.text }),
      effect: rule === undefined ? (chain.policy?.effect ?? 'accept') : rule.target.effect,
      certain,
      ...(at && { place: placeIn(source, at.start) }),
    };
  };
  const decidedBy = step === undefined || outcome === 'unknown' ? -1 : trail.indexOf(step);
  const blind = ruleset.opaque[0];
  const opaqueIn = blind && read.find(({ ruleset: { opaque } }) => opaque.includes(blind));
  const problemOf = (source: (typeof read)[number]) => (problem: FirewallProblem) => ({
    message: problem.message,
    place: placeIn(source, problem.at.start),
  });
  return {
    outcome,
    ...(why !== undefined && { why }),
    steps: trail.map(explain),
    ...(decidedBy >= 0 && { decidedBy }),
    problems: [
      ...(opaqueIn ? [{ message: blind.why, place: placeIn(opaqueIn, blind.at.start) }] : []),
      ...read.flatMap((source) => source.problems.map(problemOf(source))),
    ],
  };
}
