import type { Verdict } from '../flow/verdict.ts';
import type { Connection, Declared } from './posture.ts';

/** One kind of control that a connection meets on its way. */
export interface Layer {
  readonly id: string;
  /** Returns what this layer says of the connection, with one reason per direction; undefined when it has no say. */
  judge(connection: Connection, declared: Declared): Verdict | undefined;
}
