import type { AlertSeverity, EntityKind, Evidence, FindingOutcome } from '../detect/detector.ts';

/** Where people stand with an incident. Resolved and reopened are states of their own, so that what came back is seen. */
export type IncidentState = 'open' | 'acknowledged' | 'resolved' | 'reopened';

/** First and last time of something, ms since the epoch. */
export interface Span {
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What an entity did: from when to when, and when the last of its deeds that are told apart began. */
export interface Acts extends Span {
  readonly latestBegan: number;
}

/** Who takes part in an incident, and how. */
export interface IncidentEntity {
  readonly kind: EntityKind;
  readonly name: string;
  /** Present where it did something. */
  readonly actor?: Acts;
  /** Present where something was done to it. */
  readonly target?: Span;
  /** Present where all that was done to it is that it was called or sent data: it is the far end of an attack and not its victim. */
  readonly isOutlet?: true;
  /** When something was done to it that may have given it into another's hands; from then on what it does is laid to that one. */
  readonly takenAt?: number;
}

/** A tactic of ATT&CK that was seen, with the techniques by which. */
export interface IncidentStage {
  readonly tactic: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly techniques: readonly { readonly id: string; readonly name: string }[];
  /** Alerts of this tactic. */
  readonly alerts: number;
  /** The strongest that is known: something worked, or was blocked, or failed; absent where none of it is known. */
  readonly outcome?: FindingOutcome;
  /** Title of the first alert. */
  readonly title: string;
}

/** An alert as its incident remembers it. The alert itself stands in the store. */
export interface IncidentAlert {
  readonly id: string;
  /** Same digest = same thing again: it is counted, also when it is a new alert. */
  readonly fingerprint: string;
  readonly detector: string;
  readonly severity: AlertSeverity;
  readonly title: string;
  readonly entity: string;
  readonly tactics: readonly string[];
  readonly outcome?: FindingOutcome;
  /** When what it tells of began, when it was first raised, and when it was last seen. */
  readonly beganAt: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** How often it was seen, under whatever id. */
  readonly count: number;
  /** Of `count`: how often under ids before this one. */
  readonly earlier?: number;
  /** The first few facts that made it fire, shortened. */
  readonly evidence: readonly Evidence[];
}

/** A line of the history of an incident. */
export interface TimelineEntry {
  /** Of an alert: when what it tells of began. */
  readonly at: number;
  readonly kind: 'alert' | 'merged' | 'state' | 'note';
  readonly text: string;
  readonly alert?: string;
  readonly severity?: AlertSeverity;
  readonly tactic?: string;
}

/** What somebody wrote down. */
export interface IncidentNote {
  readonly at: number;
  /** Who, as they call themselves. */
  readonly by?: string;
  readonly text: string;
}

/** Why an incident is over. */
export type Resolution =
  | { readonly kind: 'resolved'; readonly at: number; readonly by?: string; readonly reason?: string }
  | { readonly kind: 'false-positive'; readonly at: number; readonly by?: string; readonly reason: string }
  /** It turned out to be one with another. */
  | { readonly kind: 'merged'; readonly at: number; readonly into: string };

/** A part of the score: what it is given for, and how much. */
export interface ScorePart {
  readonly name: string;
  readonly points: number;
  /** What was counted, in words. */
  readonly why: string;
}

/** Alerts that belong together, as one story. Lists are bounded; counts are not. */
export interface Incident {
  readonly id: string;
  readonly state: IncidentState;
  /** When the first of what it tells of began, ms since the epoch. */
  readonly openedAt: number;
  /** When its first alert was raised: from then on it may go on for a day. */
  readonly detectedAt: number;
  /** When something was last seen that belongs to it. */
  readonly lastAt: number;
  readonly severity: AlertSeverity;
  /** 0 to 100: the sum of its parts. */
  readonly score: number;
  readonly scoreParts: readonly ScorePart[];
  readonly title: string;
  /** One paragraph in plain words: who, what, in which order, what worked, what was stopped, what is not known. */
  readonly story: string;
  /** In the order in which they came in. */
  readonly entities: readonly IncidentEntity[];
  /** In the order in which they began. */
  readonly stages: readonly IncidentStage[];
  /** The first ones and the gravest. */
  readonly alerts: readonly IncidentAlert[];
  /** All alerts told apart, also those that are not listed. */
  readonly alertCount: number;
  /** In the order of time. */
  readonly timeline: readonly TimelineEntry[];
  readonly notes: readonly IncidentNote[];
  readonly resolution?: Resolution;
  /** Incidents that turned out to be the same one. */
  readonly mergedFrom: readonly string[];
  /** The most records of sensors that were lost around one of its alerts. */
  readonly lost: number;
  /** What lists had no more room for. */
  readonly dropped: {
    readonly alerts: number;
    readonly entities: number;
    readonly timeline: number;
    readonly notes: number;
  };
}
