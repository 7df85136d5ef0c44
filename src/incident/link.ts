import type { Draft } from './draft.ts';
import type { IncidentEntity } from './incident.ts';

/** What links depend on beside the two that may belong together. */
export interface LinkRules {
  /** Quiet time after which nothing is taken in any more, ms. */
  readonly windowMs: number;
  /** How long an incident may go on after its first alert, ms. */
  readonly capMs: number;
  /** Deeds of an entity that begin this long before it was taken may be of whoever took it: times are those of detectors. */
  readonly slackMs: number;
  /** Whether an entity stands between many and many, so that it is no reason to put anything together. */
  isHub(key: string, entity: IncidentEntity): boolean;
  /** Whether so many may have taken an entity that nobody can be named. */
  hasManyTakers(key: string): boolean;
}

/** Why two belong together: the better the reason, the higher. 0: they do not. */
export type LinkStrength = 0 | 1 | 2;

/**
 * Tells whether two incidents, or an incident and what an alert alone would be, belong together: near in time, and with an entity that did
 * something in both, or that was taken in one and acted in the other from then on. What an entity did before it was taken is its own. A hub
 * counts only together with another entity that they share. Symmetric.
 */
export function linkOf(one: Draft, other: Draft, rules: LinkRules): LinkStrength {
  if (!areNear(one, other, rules)) return 0;
  const [few, many] =
    one.entities.size <= other.entities.size
      ? [one.entities, other.entities]
      : [other.entities, one.entities];
  let strength: LinkStrength = 0;
  let shared = 0;
  let throughHub: LinkStrength = 0;
  for (const [key, entity] of few) {
    const met = many.get(key);
    if (met === undefined) continue;
    shared++;
    const found = strengthOf(entity, met, rules, key);
    if (rules.isHub(key, entity)) throughHub = stronger(throughHub, found);
    else strength = stronger(strength, found);
  }
  return shared > 1 ? stronger(strength, throughHub) : strength;
}

function stronger(one: LinkStrength, other: LinkStrength): LinkStrength {
  return one > other ? one : other;
}

/** Whether two are near enough in time, and together no longer than an incident may be. */
function areNear(one: Draft, other: Draft, { windowMs, capMs }: LinkRules): boolean {
  const gap = Math.max(one.openedAt, other.openedAt) - Math.min(one.lastAt, other.lastAt);
  const length = Math.max(one.lastAt, other.lastAt) - Math.min(one.detectedAt, other.detectedAt);
  return gap <= windowMs && length <= capMs;
}

/** What an entity that two share says: 2 where one tells how it was taken and the other what it did then, 1 where it acts in both. */
function strengthOf(one: IncidentEntity, other: IncidentEntity, rules: LinkRules, key: string): LinkStrength {
  const { slackMs } = rules;
  const isFreely = ({ takenAt }: IncidentEntity, { actor }: IncidentEntity) =>
    takenAt === undefined || (actor !== undefined && actor.latestBegan >= takenAt - slackMs);
  const follows = (taken: IncidentEntity, acting: IncidentEntity) =>
    taken.takenAt !== undefined && acting.actor !== undefined && isFreely(taken, acting);
  if (!rules.hasManyTakers(key) && (follows(one, other) || follows(other, one))) return 2;
  const bothAct = one.actor !== undefined && other.actor !== undefined;
  return bothAct && isFreely(one, other) && isFreely(other, one) ? 1 : 0;
}
