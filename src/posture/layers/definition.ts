import type { Reason } from '../../flow/verdict.ts';
import type { Declared } from '../posture.ts';
import type { Question } from '../question.ts';

/** One kind of control that a connection meets on its way. */
export interface Layer {
  readonly id: string;
  /**
   * Returns what this layer says of the connection, in the order in which the packet meets it: one reason per
   * direction in which it has a say, none when it has none.
   */
  judge(question: Question, declared: Declared): readonly Reason[];
}
