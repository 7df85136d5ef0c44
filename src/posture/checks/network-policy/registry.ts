import type { Check } from '../definition.ts';
import { inertRules } from './inert-rules.ts';
import { namespaceSelectorMatchesNothing } from './namespace-selector-matches-nothing.ts';
import { policySelectsNothing } from './policy-selects-nothing.ts';
import { undefinedNamedPort } from './undefined-named-port.ts';

/** Checks over NetworkPolicies and the cluster-wide tiers. */
export const networkPolicyChecks: readonly Check[] = [
  inertRules,
  policySelectsNothing,
  undefinedNamedPort,
  namespaceSelectorMatchesNothing,
];
