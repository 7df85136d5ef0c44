import type { Flow } from '../flow.ts';

/** What a writer must be told, since it cannot know it. */
export interface WriterContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Version of Picket. */
  readonly version: string;
}

/** Writes one log: `head`, then each flow, then `tail`; every one of them ends with its line end or is empty. */
export interface FlowWriter {
  head(): string;
  flow(flow: Flow): string;
  tail(): string;
}

/** A form in which flows are written for other tools. One file exports one of these; `writers.ts` lists it. */
export interface FlowWriterDefinition {
  /** As on the command line. */
  readonly id: string;
  readonly title: string;
  open(context: WriterContext): FlowWriter;
}
