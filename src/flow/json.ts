import type { FlowState, Identity, Process, SeenBy } from './flow.ts';
import type { Verdict } from './verdict.ts';

/** One end of a flow as it stands in JSON. */
export interface EndJson {
  /** Canonical text (RFC 5952 for IPv6). */
  readonly address: string;
  readonly port: number;
  readonly identity?: Identity;
  readonly process?: Process;
}

/** A flow as it stands in JSON, in the API, in `picket flows -o json` and in the store. Times: ms since the epoch. */
export interface FlowJson {
  readonly id: string;
  /** Protocol name in lower case, e.g. `tcp`, or the number as text. */
  readonly protocol: string;
  readonly source: EndJson;
  readonly destination: EndJson;
  readonly state: FlowState;
  readonly seenBy: SeenBy;
  readonly openedAt: number;
  readonly establishedAt?: number;
  readonly closedAt?: number;
  readonly reachedDestination: boolean;
  readonly preexisting: boolean;
  readonly verdict?: Verdict;
}
