import type { Check } from '../definition.ts';
import { adminPortsOpen } from './admin-ports-open.ts';
import { appendsAgain } from './appends-again.ts';
import { controlPlaneLeftOut } from './control-plane-left-out.ts';
import { declaredPortDropped } from './declared-port-dropped.ts';
import { inputOnly } from './input-only.ts';
import { invalidAccepted } from './invalid-accepted.ts';
import { nodeTrafficDropped } from './node-traffic-dropped.ts';
import { obsoleteStateMatch } from './obsolete-state-match.ts';
import { oneFamily } from './one-family.ts';
import { otherBackend } from './other-backend.ts';
import { rulesNotAtomic } from './rules-not-atomic.ts';
import { rulesOutlive } from './rules-outlive.ts';
import { scriptEnds } from './script-ends.ts';
import { toolMissing } from './tool-missing.ts';

/** Checks over packet filters that workloads put onto machines. */
export const firewallChecks: readonly Check[] = [
  toolMissing,
  scriptEnds,
  appendsAgain,
  nodeTrafficDropped,
  declaredPortDropped,
  obsoleteStateMatch,
  rulesNotAtomic,
  invalidAccepted,
  oneFamily,
  inputOnly,
  adminPortsOpen,
  controlPlaneLeftOut,
  otherBackend,
  rulesOutlive,
];
