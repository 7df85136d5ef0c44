import type { Check } from '../definition.ts';
import { destinationLeftOpen } from './destination-left-open.ts';
import { egressWithoutDns } from './egress-without-dns.ts';
import { inertRules } from './inert-rules.ts';
import { namespaceSelectorMatchesNothing } from './namespace-selector-matches-nothing.ts';
import { namespaceWithoutDefaultDeny } from './namespace-without-default-deny.ts';
import { policiesNotEnforced } from './policies-not-enforced.ts';
import { policySelectsNothing } from './policy-selects-nothing.ts';
import { redundantRule } from './redundant-rule.ts';
import { shadowedTierRule } from './shadowed-tier-rule.ts';
import { undefinedNamedPort } from './undefined-named-port.ts';
import { unprotectedWorkload } from './unprotected-workload.ts';
import { wholeNamespaceTrusted } from './whole-namespace-trusted.ts';

/** Checks over NetworkPolicies and the cluster-wide tiers. */
export const networkPolicyChecks: readonly Check[] = [
  inertRules,
  policiesNotEnforced,
  policySelectsNothing,
  undefinedNamedPort,
  namespaceSelectorMatchesNothing,
  wholeNamespaceTrusted,
  egressWithoutDns,
  namespaceWithoutDefaultDeny,
  destinationLeftOpen,
  redundantRule,
  shadowedTierRule,
  unprotectedWorkload,
];
