import type { CodeDefinition, Diagnostic } from '../../diagnostic/diagnostic.ts';
import type { Declared } from '../posture.ts';

/** A check over everything declared: it sees all controls at once, so that cross-layer checks are no special case. */
export interface Check extends CodeDefinition {
  run(declared: Declared): readonly Diagnostic[];
}
