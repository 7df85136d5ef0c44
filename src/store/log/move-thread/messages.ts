/** What the thread is told when it starts. */
export interface MoveSetup {
  /** The database. */
  readonly path: string;
  readonly mergedRows: number;
  /** What a WriteTurn is made of. */
  readonly turn: SharedArrayBuffer;
}

/** One piece of work: to move so many flows that ended, to merge files, or only what comes after each: a checkpoint. */
export type MoveJob =
  | { readonly type: 'seal'; readonly rows: number }
  | { readonly type: 'tidy' }
  | { readonly type: 'checkpoint' };

/** What became of it. */
export type MoveResult =
  | {
      readonly type: 'done';
      /** Flows that went from the table to a segment. */
      readonly moved: number;
      /** Flows that are in no sum. */
      readonly folded: number;
      /** Whether files were merged, where that was the work. */
      readonly tidied?: boolean;
    }
  | { readonly type: 'failed'; readonly message: string; readonly corrupt: boolean };
