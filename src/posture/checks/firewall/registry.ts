import { firewallTextChecks } from '../../../firewall/analysis/checks/registry.ts';
import { firewallSubjects } from '../../firewall-subjects.ts';
import type { Check } from '../definition.ts';
import { controlPlaneLeftOut } from './control-plane-left-out.ts';
import { declaredPortDropped } from './declared-port-dropped.ts';
import { otherBackend } from './other-backend.ts';
import { rivalDeclarations } from './rival-declarations.ts';
import { rulesOutlive } from './rules-outlive.ts';
import { scriptEnds } from './script-ends.ts';
import { toolMissing } from './tool-missing.ts';
import { undeclaredName } from './undeclared-name.ts';

/** Checks over packet filters that workloads put onto machines: of the rules, and of how they come there. */
export const firewallChecks: readonly Check[] = [
  toolMissing,
  scriptEnds,
  ...firewallTextChecks.map(
    (check): Check => ({
      ...check,
      run: (declared) => firewallSubjects(declared).flatMap((subject) => [...check.run(subject)]),
    }),
  ),
  declaredPortDropped,
  controlPlaneLeftOut,
  otherBackend,
  rulesOutlive,
  undeclaredName,
  rivalDeclarations,
];
