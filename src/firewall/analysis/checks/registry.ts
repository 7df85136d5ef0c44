import type { FirewallCheck } from '../definition.ts';
import { adminPortsOpen } from './admin-ports-open.ts';
import { answersDropped } from './answers-dropped.ts';
import { appendsAgain } from './appends-again.ts';
import { bothBackends } from './both-backends.ts';
import { chainNotReached } from './chain-not-reached.ts';
import { cutWhileSet } from './cut-while-set.ts';
import { filterInNat } from './filter-in-nat.ts';
import { flagsBitTest } from './flags-bit-test.ts';
import { foreignRulesTouched } from './foreign-rules-touched.ts';
import { forwardCut } from './forward-cut.ts';
import { hostNameInRule } from './host-name-in-rule.ts';
import { icmpv6Dropped } from './icmpv6-dropped.ts';
import { inputOnly } from './input-only.ts';
import { interfaceByIndex } from './interface-by-index.ts';
import { invalidAccepted } from './invalid-accepted.ts';
import { invalidBeforeSynproxy } from './invalid-before-synproxy.ts';
import { limitWithoutDrop } from './limit-without-drop.ts';
import { loginClosed } from './login-closed.ts';
import { loopbackDropped } from './loopback-dropped.ts';
import { nodeTrafficDropped } from './node-traffic-dropped.ts';
import { obsoleteStateMatch } from './obsolete-state-match.ts';
import { oneFamily } from './one-family.ts';
import { openWhileSet } from './open-while-set.ts';
import { policyNotReached } from './policy-not-reached.ts';
import { portBeforeTranslation } from './port-before-translation.ts';
import { ruleContradictsItself } from './rule-contradicts-itself.ts';
import { ruleHidden } from './rule-hidden.ts';
import { ruleRefused } from './rule-refused.ts';
import { ruleSuperfluous } from './rule-superfluous.ts';
import { rulesNotAtomic } from './rules-not-atomic.ts';
import { setFillsUp } from './set-fills-up.ts';
import { untrackedDropped } from './untracked-dropped.ts';

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
  icmpv6Dropped,
  answersDropped,
  loopbackDropped,
  loginClosed,
  openWhileSet,
  cutWhileSet,
  forwardCut,
  foreignRulesTouched,
  bothBackends,
  limitWithoutDrop,
  setFillsUp,
  filterInNat,
  portBeforeTranslation,
  hostNameInRule,
  interfaceByIndex,
  flagsBitTest,
  invalidBeforeSynproxy,
  untrackedDropped,
  ruleRefused,
  ruleHidden,
  ruleSuperfluous,
  ruleContradictsItself,
  chainNotReached,
  policyNotReached,
];
