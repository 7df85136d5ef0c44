import type { Check } from '../definition.ts';
import { alertWithoutWorkload } from './alert-without-workload.ts';
import { containerPluginLeftOut } from './container-plugin-left-out.ts';
import { namesNotConnections } from './names-not-connections.ts';
import { noOutput } from './no-output.ts';
import { notASetting } from './not-a-setting.ts';
import { oldRulesKey } from './old-rules-key.ts';
import { pluginRules } from './plugin-rules.ts';
import { rulesHidden } from './rules-hidden.ts';
import { rulesNotLoaded } from './rules-not-loaded.ts';
import { socketViewersMatched } from './socket-viewers-matched.ts';

/** Checks over Falco: its configuration and rules. */
export const falcoChecks: readonly Check[] = [
  rulesNotLoaded,
  oldRulesKey,
  notASetting,
  pluginRules,
  rulesHidden,
  noOutput,
  containerPluginLeftOut,
  namesNotConnections,
  socketViewersMatched,
  alertWithoutWorkload,
];
