import type { Packet } from '../packet.ts';
import type { Ruleset } from '../ruleset.ts';
import { judgePacket, type PacketVerdict } from '../simulate.ts';
import { basicPaths, clientPaths } from './client-paths.ts';
import type { ControlPath, RiskName } from './control-path.ts';
import { forwardPaths } from './forward-paths.ts';
import type { Machine } from './machine.ts';
import { joinRulesets } from './machine-rules.ts';
import { servicePaths, sshPaths } from './service-paths.ts';

/** The packet filter of a machine: our table now and then, and the tables of others, which stay. */
export interface RulesetChange {
  readonly before: Ruleset;
  readonly after: Ruleset;
  readonly others: Ruleset;
}

/** Something that a change would cut which is not cut now. */
export interface Cut {
  readonly risk: RiskName;
  /** What of it, e.g. `ssh from 203.0.113.7`. */
  readonly title: string;
  /** `unknown`: the rules may cut it, which cannot be told. */
  readonly outcome: 'deny' | 'unknown';
  readonly packet: Packet;
  /** The rule that would, as written, with its chain; a policy as `policy drop`. */
  readonly rule?: { readonly chain: string; readonly text: string };
  /** Of unknown: why, as a clause. */
  readonly why?: string;
}

const rank = { allow: 0, unknown: 1, deny: 2 } as const;

/**
 * Returns what a change of our table would newly cut of what a machine is managed by or lives on. A packet passes only
 * if the tables of all let it pass; so what others drop already is no fault of the change. The cost is that of judging some hundred packets.
 */
export function findCuts(change: RulesetChange, machine: Machine): Cut[] {
  const { before, after, others } = change;
  const whole = { before: joinRulesets([before, others]), after: joinRulesets([after, others]) };
  return pathsOf(machine, others).flatMap((path) => cutOf(change, whole, path) ?? []);
}

/** Returns everything that has to go on for a machine, each as one packet. */
export function pathsOf(machine: Machine, others: Ruleset): ControlPath[] {
  return [
    ...sshPaths(machine),
    ...servicePaths(machine),
    ...clientPaths(machine),
    ...basicPaths(machine),
    ...forwardPaths(machine, others),
  ];
}

function cutOf(
  { before, after }: RulesetChange,
  whole: Pick<RulesetChange, 'before' | 'after'>,
  { risk, title, packet, standsForMany }: ControlPath,
): Cut | undefined {
  const wanted = judgePacket(whole.after, packet);
  if (wanted.outcome === 'allow' || (standsForMany && wanted.outcome === 'unknown')) return undefined;
  if (judgePacket(whole.before, packet).outcome === 'deny') return undefined;
  if (wanted.outcome === 'deny') return { risk, title, outcome: 'deny', packet, ...ruleOf(wanted) };
  // What is not known of the whole may be what others do: then it is our table alone that tells whether the change is to blame.
  const [then, now] = [judgePacket(after, packet), judgePacket(before, packet)];
  if (then.outcome === 'allow' || rank[then.outcome] <= rank[now.outcome]) return undefined;
  return { risk, title, outcome: then.outcome, packet, ...ruleOf(then) };
}

function ruleOf({ step, why, outcome, trail }: PacketVerdict): Pick<Cut, 'rule' | 'why'> {
  const decided = step ?? trail.find(({ certain }) => !certain);
  const rule =
    decided === undefined
      ? {}
      : {
          rule: {
            chain: decided.chain.name,
            text: decided.rule?.text ?? `policy ${decided.chain.policy?.effect ?? 'accept'}`,
          },
        };
  return { ...rule, ...(outcome === 'unknown' && why !== undefined && { why }) };
}
