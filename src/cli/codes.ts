import { detectCodes } from '../detect/settings/codes.ts';
import { ignoreCodes } from '../diagnostic/ignore.ts';
import { CodeRegistry } from '../diagnostic/registry.ts';
import { enforceCodes } from '../enforce/codes.ts';
import { flowCodes } from '../flow/codes.ts';
import { manifestCodes } from '../manifest/codes.ts';
import { assertionCodes } from '../posture/assertions/codes.ts';
import { checks } from '../posture/checks/registry.ts';
import { learnCodes } from '../posture/learn/codes.ts';
import { respondCodes } from '../respond/codes.ts';
import { loadCodes } from '../rules/load/codes.ts';
import { settingsCodes } from '../rules/settings/codes.ts';
import { ruleTestCodes } from '../rules/testing/codes.ts';

/** Every diagnostic code of Picket, from the rooms that define them. */
export const codes: CodeRegistry = new CodeRegistry([
  ignoreCodes,
  manifestCodes,
  flowCodes,
  enforceCodes,
  assertionCodes,
  learnCodes,
  respondCodes,
  loadCodes,
  settingsCodes,
  ruleTestCodes,
  detectCodes,
  checks,
]);
