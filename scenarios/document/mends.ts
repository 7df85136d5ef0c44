import type { Mend, Revealed } from './mend.ts';
import { clusterMends } from './mends-cluster.ts';
import { hostMends } from './mends-host.ts';

/** The findings of the document that have no fix, and ways beside the fix that their help names. */
export const mends: readonly Mend[] = [...clusterMends, ...hostMends];

/** Errors that come with a mend. */
export const reveals: readonly Revealed[] = [
  {
    by: 'PKT1310',
    code: 'PKT1042',
    why: 'the rule names a client that STRICT refuses, as it refuses the one that was there: Prometheus has to join the mesh too',
  },
  {
    by: 'PKT1208',
    code: 'PKT1201',
    why: 'the script still ends, behind the lines for IPv6 now',
  },
];
