import type { AlertSeverity } from '../detect/detector.ts';
import type { Draft } from './draft.ts';
import type { ScorePart } from './incident.ts';
import { graver } from './severity.ts';
import { type Phase, phaseOf, phases } from './tactic.ts';

const bySeverity: Readonly<Record<AlertSeverity, number>> = { low: 10, medium: 20, high: 35, critical: 50 };

/** Points for each part of an attack after the first, for each that came when its turn was, and for what worked. */
const [perPhase, perOrder, forSuccess] = [8, 3, 10];
/** Points for each further machine in other hands, and the most for all of them. */
const [perMachine, forMachines] = [3, 9];
/** Points off where all of it was blocked or failed. */
const forStopped = -10;

/** From these scores on an incident is at least so grave. */
const bands: readonly (readonly [least: number, AlertSeverity])[] = [
  [85, 'critical'],
  [55, 'high'],
  [30, 'medium'],
];

/**
 * Returns the parts of an incident's score: the gravest alert (low 10, medium 20, high 35, critical 50); 8 for each part of an attack after the first
 * (looking, access, movement, control, effect); 3 for each that began no earlier than the one before it in this order; 10 where something
 * worked; 3 for each machine that may be in other hands, at most 9; 10 off where all of it was blocked or came to nothing.
 */
export function scoreParts(draft: Draft): ScorePart[] {
  const severity = worstSeverity(draft);
  const seen = phasesOf(draft);
  const names = seen.map(({ phase }) => phase);
  const ordered = seen.filter(({ firstAt }, at) => at > 0 && firstAt >= seen[at - 1]!.firstAt).length;
  const outcomes = [...draft.stages.values()].map(({ outcome }) => outcome);
  const worked = outcomes.filter((outcome) => outcome === 'succeeded').length;
  const isStopped =
    outcomes.length > 0 && outcomes.every((outcome) => outcome === 'blocked' || outcome === 'failed');
  const taken = [...draft.entities.values()].filter(({ takenAt }) => takenAt !== undefined).length;
  const parts: ScorePart[] = [
    { name: 'severity', points: bySeverity[severity], why: `the gravest alert is ${severity}` },
    { name: 'parts of an attack', points: perPhase * Math.max(0, seen.length - 1), why: names.join(', ') },
    {
      name: 'their order',
      points: perOrder * ordered,
      why: `${ordered} began no earlier than the one before`,
    },
    {
      name: 'success',
      points: worked > 0 ? forSuccess : 0,
      why: `${worked} of ${outcomes.length} tactics worked`,
    },
    {
      name: 'spread',
      points: Math.min(forMachines, perMachine * taken),
      why: `${taken} may be in other hands`,
    },
    { name: 'stopped', points: isStopped ? forStopped : 0, why: 'all of it was blocked or came to nothing' },
  ];
  return parts.filter(({ points }) => points !== 0);
}

/** Returns the sum of the parts, 0 to 100. */
export function scoreOf(parts: readonly ScorePart[]): number {
  return Math.max(
    0,
    Math.min(
      100,
      parts.reduce((sum, { points }) => sum + points, 0),
    ),
  );
}

/** Returns how grave an incident is: as its gravest alert, or as its score says where that is more (30 medium, 55 high, 85 critical). */
export function severityOf(draft: Draft, score: number): AlertSeverity {
  const band = bands.find(([least]) => score >= least)?.[1] ?? 'low';
  return graver(worstSeverity(draft), band);
}

function worstSeverity({ alerts }: Draft): AlertSeverity {
  return [...alerts.values()].reduce<AlertSeverity>((worst, { severity }) => graver(worst, severity), 'low');
}

/** The parts of an attack that were seen, in their order, with when each began. */
function phasesOf({ stages }: Draft): { readonly phase: Phase; readonly firstAt: number }[] {
  const first = new Map<Phase, number>();
  for (const { tactic, firstAt } of stages.values()) {
    const phase = phaseOf(tactic);
    if (phase !== undefined) first.set(phase, Math.min(first.get(phase) ?? firstAt, firstAt));
  }
  return phases.flatMap((phase) => {
    const firstAt = first.get(phase);
    return firstAt === undefined ? [] : [{ phase, firstAt }];
  });
}
