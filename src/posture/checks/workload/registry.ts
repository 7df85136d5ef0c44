import type { Check } from '../definition.ts';
import { moduleNotMounted } from './module-not-mounted.ts';
import { movingTag } from './moving-tag.ts';
import { onHostNetwork } from './on-host-network.ts';
import { privilegedNeedless } from './privileged-needless.ts';
import { refusedByLevel } from './refused-by-level.ts';
import { unsizedAgent } from './unsized-agent.ts';

/** Checks over what workloads may do to their machines. */
export const workloadChecks: readonly Check[] = [
  privilegedNeedless,
  moduleNotMounted,
  movingTag,
  unsizedAgent,
  onHostNetwork,
  refusedByLevel,
];
