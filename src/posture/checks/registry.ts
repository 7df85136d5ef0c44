import type { Check } from './definition.ts';
import { duplicateObject } from './duplicate-object.ts';
import { inertRules } from './inert-rules.ts';
import { namespaceSelectorMatchesNothing } from './namespace-selector-matches-nothing.ts';
import { policySelectsNothing } from './policy-selects-nothing.ts';
import { undefinedNamedPort } from './undefined-named-port.ts';

/** All checks over the posture, by code. */
export const checks: readonly Check[] = [
  inertRules,
  policySelectsNothing,
  undefinedNamedPort,
  namespaceSelectorMatchesNothing,
  duplicateObject,
];
