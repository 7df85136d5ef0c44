import type { Span } from '../../diagnostic/diagnostic.ts';
import type { Priority } from '../rule-set.ts';
import type { ItemContext } from './findings.ts';
import type { PlacedText } from './placed-text.ts';
import type { Item } from './read-items.ts';

/** Where an object stands in the order of definitions: a macro sees those first defined before its own last change. */
export interface Order {
  /** Of the first definition. */
  readonly index: number;
  /** Of the last definition or change. */
  visibility: number;
}

/** A list as all definitions and changes so far make it. */
export interface ListDraft extends Order {
  readonly name: string;
  items: readonly PlacedText[];
  item: Item;
}

/** A macro likewise; its condition has neither lists nor macros put in. */
export interface MacroDraft extends Order {
  readonly name: string;
  condition: PlacedText;
  item: Item;
}

/** What follows from the values of an exception: one text, or several in a row. */
export type ExceptionValue = PlacedText | readonly PlacedText[];

/** An exception of a rule. */
export interface ExceptionDraft {
  readonly name: string;
  readonly context: ItemContext;
  readonly span: Span;
  /** Whether it was given as one field rather than a list of them. */
  single: boolean;
  fields: readonly PlacedText[];
  comps: readonly PlacedText[];
  /** Rows for a list of fields; single texts for one field. */
  values: readonly ExceptionRow[];
}

export interface ExceptionRow {
  readonly values: readonly ExceptionValue[];
  readonly span: Span;
}

/** What everything has that makes alerts. */
export interface AlertDraft extends Order {
  readonly name: string;
  readonly source: string;
  output: PlacedText;
  description: PlacedText;
  priority: Priority;
  tags: readonly string[];
  enabled: boolean;
  exceptions: readonly ExceptionDraft[];
  item: Item;
}

/** A rule likewise. */
export interface RuleDraft extends AlertDraft {
  condition: PlacedText;
  warnEventTypes: boolean;
  skipIfUnknownFilter: boolean;
  capture: boolean;
  captureDuration: number | undefined;
}

/** A correlation likewise. */
export interface CorrelationDraft extends AlertDraft {
  /** The item that says what is asked (`count`, `sequence` or `absence`). */
  asks: Item;
  /** Those that say how long, and how much is remembered. */
  within: Item;
  cooldown: Item;
  maxKeys: Item;
}
