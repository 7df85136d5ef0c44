import type { Span } from '../diagnostic/diagnostic.ts';

/** What the declared controls say of a connection. `unknown` is said, never guessed away. */
export type Outcome = 'allow' | 'deny' | 'unknown';

/** Which side of the connection a reason is about. */
export type Direction = 'egress' | 'ingress';

/** The manifest object that a reason rests on. */
export interface ObjectReference {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Why one layer said what it said, for one direction. */
export interface Reason {
  /** Layer id, e.g. `networkpolicy`. */
  readonly layer: string;
  readonly direction: Direction;
  readonly outcome: Outcome;
  /** One plain sentence, e.g. `no policy selects pod shop/frontend for ingress`. */
  readonly text: string;
  /** The deciding object, when one decided. For a deny by default: the policies that isolate (first one here). */
  readonly object?: ObjectReference;
  /** Index of the deciding rule in the object's list for this direction. */
  readonly rule?: number;
  readonly span?: Span;
  /**
   * The smallest change to what is declared that would turn this reason around, in one plain imperative sentence;
   * absent when no change of a manifest can.
   */
  readonly change?: string;
}

/** The outcome over all layers with one reason per layer and direction, in the order a packet meets them. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
}
