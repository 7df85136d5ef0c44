import type { FirewallChange, FirewallState } from '../../enforce/nftables.ts';
import { type Comparison, compareRulesets } from '../../firewall/compare/compare.ts';
import {
  type CutConversations,
  cutConversations,
  type SeenConversation,
} from '../../firewall/guard/cut-conversations.ts';
import { type Cut, findCuts, type RulesetChange } from '../../firewall/guard/find-cuts.ts';
import type { Administrator, Machine } from '../../firewall/guard/machine.ts';
import { joinRulesets, readMachineRules } from '../../firewall/guard/machine-rules.ts';
import { parseNft } from '../../firewall/nft.ts';
import { frozenNftText, readNftSets } from '../../firewall/nft-tables.ts';
import type { Invocation } from '../command.ts';
import type { Io } from '../io.ts';
import type { FirewallControl } from './control.ts';
import type { DesiredState } from './desired.ts';
import { liveConversations, recordedConversations } from './seen.ts';

/** What a change comes to, looked at from all sides. Nothing is changed yet. */
export interface PlanReport {
  readonly desired: DesiredState;
  readonly change: FirewallChange;
  /** What would be cut that the machine is managed by or lives on. */
  readonly cuts: readonly Cut[];
  /** What changes, as packets; undefined where it could not be told. */
  readonly comparison: Comparison | undefined;
  /** Conversations that are going on, and those of the last days. */
  readonly live: SeenReport;
  readonly recorded: SeenReport;
  /** The table is not what was applied last; undefined where nothing was. */
  readonly hasDrifted: boolean | undefined;
  /** What could not be looked at, in words. */
  readonly notes: readonly string[];
}

/** Conversations against the change, or why there are none. */
export type SeenReport =
  | ({ readonly isKnown: true; readonly unseen: number } & CutConversations)
  | { readonly isKnown: false; readonly why: string };

/** Judging stops after this time, and counts what is left. Milliseconds. */
const judgeMs = 5_000;
const mostExamples = 10;
/** Differences of one kind on one path that are told. */
const mostDifferences = 3;

/** Reads the machine and plans. Throws what the enforcer throws; changes nothing. */
export async function makePlan(
  control: FirewallControl,
  desired: DesiredState,
  admins: readonly Administrator[],
  options: Invocation['options'],
  io: Io,
): Promise<PlanReport> {
  const actual = await control.enforcer.read();
  const change = await control.enforcer.plan(actual, desired.text);
  const expected = control.log.expected();
  const machine = await control.machine(admins);
  const rulesets = rulesetsOf(actual, change);
  const comparison = change.isEmpty ? undefined : compare(rulesets);
  const report = async (read: () => Promise<Seen> | Seen, open: boolean): Promise<SeenReport> => {
    if (change.isEmpty) return { isKnown: false, why: 'nothing changes' };
    try {
      const { conversations, unseen } = await read();
      return { isKnown: true, unseen, ...against(rulesets, machine, conversations, open) };
    } catch (error) {
      return { isKnown: false, why: (error as Error).message };
    }
  };
  return {
    desired,
    change,
    comparison: comparison?.found,
    cuts: change.isEmpty ? [] : findCuts(rulesets, machine),
    live: await report(liveConversations, true),
    recorded: await report(() => recordedConversations(options, io), false),
    hasDrifted: expected === undefined ? undefined : expected.ownDigest !== actual.ownDigest,
    notes: [...(comparison?.notes ?? []), ...notesOf(machine, rulesets)],
  };
}

interface Seen {
  readonly conversations: readonly SeenConversation[];
  readonly unseen: number;
}

function against(
  rulesets: RulesetChange,
  machine: Machine,
  conversations: readonly SeenConversation[],
  open: boolean,
): CutConversations {
  const until = performance.now() + judgeMs;
  return cutConversations(rulesets, machine, conversations, open, {
    examples: mostExamples,
    isOver: () => performance.now() > until,
  });
}

/** What the change does to the rules. Sets hold what they hold now, and what they go on to hold. */
export function rulesetsOf(
  { own, others, dumps }: Pick<FirewallState, 'own' | 'others' | 'dumps'>,
  { after, canonical = after }: Pick<FirewallChange, 'after' | 'canonical'>,
): RulesetChange {
  return {
    before: joinRulesets([parseNft(frozenNftText(own)).ruleset]),
    after: parseNft(frozenNftText(canonical, readNftSets(own))).ruleset,
    others: readMachineRules({ nft: others, dumps }),
  };
}

/** Compares all tables together, and where that is too much our own alone: others may then drop what it opens. */
function compare({ before, after, others }: RulesetChange): { found: Comparison; notes: string[] } {
  const isTooLarge = ({ paths }: Comparison) => paths.some(({ tooLarge }) => tooLarge !== undefined);
  const options = { most: mostDifferences };
  const whole = compareRulesets(joinRulesets([before, others]), joinRulesets([after, others]), options);
  if (!isTooLarge(whole)) return { found: whole, notes: [] };
  const own = compareRulesets(before, after, options);
  const note =
    'tables of others are too large to be compared together with this one; they may drop what it opens';
  return {
    found: own,
    notes: isTooLarge(own) ? ['the rules are too large for all that changes to be told'] : [note],
  };
}

function notesOf({ unseenConnections }: Machine, { others, after }: RulesetChange): string[] {
  const notes: string[] = [];
  const [foreign] = others.opaque;
  if (foreign !== undefined) notes.push(`tables of others are not followed in part: ${foreign.why}`);
  const [own] = after.opaque;
  if (own !== undefined) notes.push(`the wanted table is not followed in part: ${own.why}`);
  if (unseenConnections > 0) notes.push(`${unseenConnections} more open connections were not looked at`);
  return notes;
}
