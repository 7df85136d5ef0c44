/**
 * What changes one target: a packet filter, a tunnel. `read`, then `plan`, then `apply`; the plan leaves no choice to
 * the apply, so that what was shown and checked is what is done. Applying what is there already runs nothing.
 */
export interface Enforcer<Actual, Desired, Change, Undo> {
  /** Returns how the target is. Changes nothing. */
  read(): Promise<Actual>;
  /** Returns the difference; changes nothing. Throws {@link Refused} for what the target would not take. */
  plan(actual: Actual, desired: Desired): Promise<Change>;
  /** Does it, whole or not at all. Throws {@link StalePlan} where the target is no longer as it was planned from. */
  apply(change: Change): Promise<Undo>;
  /** Puts back what was there. */
  undo(undo: Undo): Promise<void>;
}

/** The target, or a check of ours, does not take what is wanted; nothing was changed. */
export class Refused extends Error {
  readonly help: string | undefined;
  /** Where in the desired text, counted from 1; absent where it is about the whole. */
  readonly at: { readonly line: number; readonly column: number } | undefined;

  constructor(message: string, more: { help?: string; at?: { line: number; column: number } } = {}) {
    super(message);
    this.help = more.help;
    this.at = more.at;
  }
}

/** Somebody changed the target after the plan was made; nothing was changed. */
export class StalePlan extends Error {
  /** `own`: what we would replace. `others`: what stands beside it, by which the plan was judged. */
  readonly what: 'own' | 'others';

  constructor(what: 'own' | 'others') {
    super(
      what === 'own'
        ? 'the table inet picket was changed by somebody else since the plan was made'
        : 'tables of others were changed since the plan was made',
    );
    this.what = what;
  }
}
