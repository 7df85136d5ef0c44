import type { FirewallCheck } from '../definition.ts';
import { adminPortsOpen } from './admin-ports-open.ts';
import { appendsAgain } from './appends-again.ts';
import { inputOnly } from './input-only.ts';
import { invalidAccepted } from './invalid-accepted.ts';
import { nodeTrafficDropped } from './node-traffic-dropped.ts';
import { obsoleteStateMatch } from './obsolete-state-match.ts';
import { oneFamily } from './one-family.ts';
import { rulesNotAtomic } from './rules-not-atomic.ts';

/** Checks over the packet filter of a machine, wherever it is declared. */
export const firewallTextChecks: readonly FirewallCheck[] = [
  appendsAgain,
  nodeTrafficDropped,
  obsoleteStateMatch,
  rulesNotAtomic,
  invalidAccepted,
  oneFamily,
  inputOnly,
  adminPortsOpen,
];
