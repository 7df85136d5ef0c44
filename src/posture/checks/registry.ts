import type { Check } from './definition.ts';
import { entryChecks } from './entry/registry.ts';
import { falcoChecks } from './falco/registry.ts';
import { firewallChecks } from './firewall/registry.ts';
import { meshChecks } from './mesh/registry.ts';
import { monitoringChecks } from './monitoring/registry.ts';
import { networkPolicyChecks } from './network-policy/registry.ts';
import { nginxChecks } from './nginx/registry.ts';
import { objectChecks } from './objects/registry.ts';
import { tunnelChecks } from './tunnel/registry.ts';
import { workloadChecks } from './workload/registry.ts';

/** All checks over the posture, by the control that they are about. */
export const checks: readonly Check[] = [
  ...networkPolicyChecks,
  ...meshChecks,
  ...objectChecks,
  ...entryChecks,
  ...nginxChecks,
  ...firewallChecks,
  ...falcoChecks,
  ...monitoringChecks,
  ...tunnelChecks,
  ...workloadChecks,
];
