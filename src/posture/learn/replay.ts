import type { Verdict } from '../../flow/verdict.ts';
import { readManifests } from '../../manifest/read.ts';
import type { ManifestSet, Resource } from '../../manifest/resource.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { isNetworkPolicy } from '../../segmentation/network-policy.ts';
import type { SegmentationOptions } from '../../segmentation/segmentation.ts';
import { compilePosture } from '../compile.ts';
import type { Declared, Posture } from '../posture.ts';
import { reach } from '../reach/query.ts';
import type { Edge } from './observe.ts';

/** An observed connection that is not allowed. */
export interface Refused {
  readonly edge: Edge;
  readonly verdict: Verdict;
}

/** How the observed connections fare under the proposed policies. */
export interface Replay {
  readonly posture: Posture;
  readonly allowed: number;
  /** Allowed without any NetworkPolicy, and not allowed by the proposed ones: there must be none. */
  readonly refused: readonly Refused[];
  /** Not allowed even without any NetworkPolicy: another control denies them or leaves them open. */
  readonly byOthers: readonly Refused[];
}

/**
 * Compiles the manifests with the proposed policies, read from their YAML as it is printed, instead of the existing
 * NetworkPolicies, and judges every observed connection by the result.
 */
export function replay(declared: Declared, yaml: string, edges: readonly Edge[]): Replay {
  const proposed = readManifests([{ name: proposalName, bytes: new TextEncoder().encode(yaml) }]);
  const faulty = proposed.diagnostics.find(({ severity }) => severity === 'error');
  if (faulty !== undefined) throw new Error(`the proposed policies cannot be read: ${faulty.message}`);
  const { profile, ipBlockScope: ipBlockMatchesPods } = declared.segmentation;
  const posture = withPolicies(declared.manifests, proposed.resources, { profile, ipBlockMatchesPods });
  const without = withPolicies(declared.manifests, [], { profile, ipBlockMatchesPods });
  const refused: Refused[] = [];
  const byOthers: Refused[] = [];
  let allowed = 0;
  for (const edge of edges) {
    const verdict = judgeEdge(posture, edge);
    if (verdict.outcome === 'allow') allowed++;
    else if (judgeEdge(without, edge).outcome === 'allow') refused.push({ edge, verdict });
    else byOthers.push({ edge, verdict });
  }
  return { posture, allowed, refused, byOthers };
}

/** Name of the file that the proposed policies are read as. */
export const proposalName = 'proposed.yaml';

/** Returns the verdict on an edge whose ends may come from another posture over the same workloads. */
export function judgeEdge(posture: Declared, { source, destination, protocol, port }: Edge): Verdict {
  return reach(posture, own(posture, source), own(posture, destination), protocol, port);
}

/** The same end in a posture over the same workloads. */
function own({ inventory }: Declared, end: Endpoint): Endpoint {
  const workload = end.kind === 'workload' ? inventory.workloads[end.workload.index] : undefined;
  return end.kind === 'workload' && workload !== undefined ? { ...end, workload } : end;
}

function withPolicies(
  manifests: ManifestSet,
  policies: readonly Resource[],
  options: SegmentationOptions,
): Posture {
  const kept = manifests.resources.filter((resource) => !isNetworkPolicy(resource));
  return compilePosture({ ...manifests, resources: [...kept, ...policies] }, options);
}
