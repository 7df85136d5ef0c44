import type { Reason, Verdict } from '../../flow/verdict.ts';

/**
 * Returns the reason that decided: the first that denies, else the first that is unknown. Where everything allows it,
 * the one that speaks for the same layer and direction as `counterpart`, the reason of the other side of a comparison,
 * else the first that rests on an object.
 */
export function decidingReason(verdict: Verdict, counterpart?: Reason): Reason | undefined {
  const { outcome, reasons } = verdict;
  if (outcome !== 'allow') return reasons.find((reason) => reason.outcome === outcome) ?? reasons[0];
  const alike =
    counterpart &&
    reasons.find(
      ({ layer, direction }) => layer === counterpart.layer && direction === counterpart.direction,
    );
  return alike ?? reasons.find(({ object }) => object !== undefined) ?? reasons[0];
}

/** Returns the deciding reasons of two verdicts over the same connection, so that they speak of the same thing. */
export function decidingReasons(
  before: Verdict | undefined,
  after: Verdict | undefined,
): { readonly before?: Reason; readonly after?: Reason } {
  // The side that stops it says what changed; the other one is asked about the same.
  const first = before === undefined || (before.outcome === 'allow' && after !== undefined) ? after : before;
  const lead = first && decidingReason(first);
  const old = before && (before === first ? lead : decidingReason(before, lead));
  const now = after && (after === first ? lead : decidingReason(after, lead));
  return { ...(old ? { before: old } : {}), ...(now ? { after: now } : {}) };
}
