import type { Draft } from './draft.ts';
import type { Incident } from './incident.ts';
import { scoreOf, scoreParts, severityOf } from './score.ts';
import { orderedStages, storyOf, titleOf } from './story.ts';

/** Returns the incident that a draft is by now, with all that is told of it. */
export function finished(draft: Draft): Incident {
  const parts = scoreParts(draft);
  const score = scoreOf(parts);
  const { id, state, openedAt, detectedAt, lastAt, resolution } = draft;
  return {
    id,
    state,
    openedAt,
    detectedAt,
    lastAt,
    severity: severityOf(draft, score),
    score,
    scoreParts: parts,
    title: titleOf(draft),
    story: storyOf(draft),
    entities: [...draft.entities.values()],
    stages: orderedStages(draft),
    alerts: [...draft.alerts.values()].sort((one, other) => one.beganAt - other.beganAt),
    alertCount: draft.alertCount,
    timeline: draft.timeline,
    notes: draft.notes,
    ...(resolution !== undefined && { resolution }),
    mergedFrom: draft.mergedFrom,
    lost: draft.lost,
    dropped: draft.dropped,
  };
}
