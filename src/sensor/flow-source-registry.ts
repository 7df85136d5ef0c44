import { capture } from './capture.ts';
import { collector } from './collector.ts';
import { conntrack } from './conntrack.ts';
import type { FlowSource } from './flow-source.ts';
import { serviceLogs } from './service-logs.ts';

/** All sources of whole flows; each runs only when it is asked for. */
export const flowSources: readonly FlowSource[] = [conntrack, capture, collector, serviceLogs];
