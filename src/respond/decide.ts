import type { AddressSet } from '../net/address-set.ts';
import { parsePrefix, prefixCovers } from '../net/prefix.ts';
import type { BrokenMust } from '../posture/assertions/broken-by.ts';
import { cutsOf, planStep, titleOf } from './actions/registry.ts';
import { percentCut } from './blast-radius.ts';
import type { HourBudget } from './hour-budget.ts';
import type { Action, BlastRadius, Response, Trigger } from './model.ts';
import type { Playbook, Playbooks, RespondLimits, Step } from './playbooks.ts';
import type { ProtectedSet } from './protected-set.ts';
import { shortPrefix } from './short-prefix.ts';
import { changeOf } from './table.ts';

/** Everything that a decision hangs on, as it is now. */
export interface Facts {
  /** ms since the epoch. */
  readonly now: number;
  readonly protectedSet: Pick<ProtectedSet, 'why'>;
  /** `must` assertions that a cut would break; asked for only where nothing cheaper has refused. */
  brokenMusts(cut: AddressSet): readonly BrokenMust[];
  /** What of the machine's own ways it would cut (`firewall/guard/`), in words; likewise. */
  controlCuts(action: Action): readonly string[];
  /** What a cut would have cut of the conversations that began before `since`; likewise. */
  blast(cut: AddressSet, since: number): BlastRadius;
  /** Responses that wait, or are in force. */
  readonly open: readonly Response[];
  readonly budget: Pick<HourBudget, 'within'>;
  /** Why nothing is to be done at all, e.g. after a panic. */
  readonly held?: string;
}

/** Why an action is not to be done, with what was found out on the way. */
interface Checked {
  readonly refused?: string;
  readonly blast?: BlastRadius;
}

/**
 * Returns what is to become of one step of a playbook: refused with the reason, proposed (dry run), waiting for a person, or to be applied at
 * once (`applying`). Undefined where the same is waiting or in force already. Nothing overrides what refuses; cheap reasons are asked first.
 */
export function decide(
  id: string,
  { name, approval, dryRun, perHour }: Omit<Playbook, 'matches' | 'steps'>,
  step: Step,
  trigger: Trigger,
  { limits, answerWithin }: Pick<Playbooks, 'limits' | 'answerWithin'>,
  facts: Facts,
): Response | undefined {
  const action = planStep(step, trigger);
  const { alertId, incidentId, detector, severity, title } = trigger;
  if ('impossible' in action) return undefined;
  if (facts.open.some((one) => isCovered(action, one.action))) return undefined;
  const { put, remove } = changeOf(action, id);
  const { refused, blast } = check(action, trigger.since, { playbook: name, perHour, limits }, facts);
  const isWaiting = refused === undefined && !dryRun && approval;
  const outcome = dryRun ? 'proposed' : approval ? 'waiting' : 'applying';
  return {
    id,
    action,
    title: titleOf(action),
    playbook: name,
    owner: { alertId, ...(incidentId !== undefined && { incidentId }), detector, severity, title },
    reason: `${detector}: ${title}`,
    before: '',
    after: put(action.seconds),
    undo: remove,
    ...(blast !== undefined && { blast }),
    state: refused === undefined ? outcome : 'refused',
    ...(refused !== undefined && { why: refused }),
    decidedAt: facts.now,
    ...(isWaiting && { answerBy: facts.now + answerWithin * 1000 }),
  };
}

/**
 * Returns why a response must not be put in force now, undefined where it may. Asked when it is thought of and once more when a person has agreed, since
 * meanwhile the world went on; `since` is when the attack began.
 */
export function check(
  action: Action,
  since: number,
  {
    playbook,
    perHour,
    limits,
  }: { readonly playbook: string; readonly perHour: number; readonly limits: RespondLimits },
  facts: Facts,
): Checked {
  const { held, budget, now, open } = facts;
  if (held !== undefined) return { refused: held };
  const tooWide = widthProblem(action, limits);
  if (tooWide !== undefined) return { refused: tooWide };
  const whose = facts.protectedSet.why(parsePrefix(action.prefix)!);
  if (whose !== undefined) return { refused: `${shortPrefix(action.prefix)} is protected: ${whose}` };
  const partly = open.find((one) => overlaps(action, one.action));
  if (partly !== undefined) return { refused: `part of it is the matter of ${partly.id} (${partly.title})` };
  if (open.length >= limits.active)
    return { refused: `${open.length} responses are open already (limits.active)` };
  if (budget.within(now, playbook) >= perHour)
    return { refused: `${playbook} has done ${perHour} responses within the hour (perHour)` };
  if (budget.within(now) >= limits.perHour)
    return { refused: `${limits.perHour} responses were put in force within the hour (limits.perHour)` };
  const cut = cutsOf(action);
  const [broken, ...more] = facts.brokenMusts(cut);
  if (broken !== undefined) return { refused: brokenText(broken, more.length) };
  const [way] = facts.controlCuts(action);
  if (way !== undefined) return { refused: `it would cut ${way}` };
  const blast = facts.blast(cut, since);
  const refused = blastProblem(blast, limits);
  return { blast, ...(refused !== undefined && { refused }) };
}

function widthProblem({ prefix }: Action, { shortestPrefix }: RespondLimits): string | undefined {
  const { address, length } = parsePrefix(prefix)!;
  const shortest = shortestPrefix[address.family];
  if (length >= shortest) return undefined;
  return `${prefix} is larger than a /${shortest} (limits.shortestPrefix)`;
}

function blastProblem(blast: BlastRadius, { peers, percent }: RespondLimits): string | undefined {
  const { cut, conversations, unknown, unseen } = blast;
  if (unknown !== undefined) return `what it would have cut is not known: ${unknown}`;
  if (blast.peers > peers)
    return `it cuts off ${blast.peers} peers of the last days, and may ${peers} (limits.peers)`;
  if (percentCut(blast) <= percent) return undefined;
  const beyond = unseen > 0 ? `, and ${unseen} more were not looked at` : '';
  return `it would have cut ${cut} of ${conversations} conversations of the last days${beyond}, and may ${percent} % (limits.percent)`;
}

function brokenText({ name, reason, connection }: BrokenMust, more: number): string {
  const because = reason === undefined ? '' : `: ${reason}`;
  const others = more === 0 ? '' : `, and ${more} more`;
  return `the assertion "${name}" would break (${connection}${because})${others}`;
}

/** Whether an open response does all of it already. */
function isCovered(wanted: Action, open: Action): boolean {
  if (open.kind !== wanted.kind && open.kind !== 'block') return false;
  return prefixCovers(parsePrefix(open.prefix)!, parsePrefix(wanted.prefix)!);
}

/** A set of nft holds no two ranges that overlap. */
function overlaps(wanted: Action, open: Action): boolean {
  return open.kind === wanted.kind && prefixCovers(parsePrefix(wanted.prefix)!, parsePrefix(open.prefix)!);
}
