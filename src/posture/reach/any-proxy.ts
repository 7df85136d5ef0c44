import type { Outcome } from '../../flow/verdict.ts';
import { anyPodOutcome } from '../../segmentation/any-pod.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { foldOutcomes } from '../../segmentation/explain.ts';
import type { Workload } from '../../segmentation/model.ts';
import { hostFirewallLayer } from '../layers/host-firewall.ts';
import type { Declared } from '../posture.ts';

/**
 * Returns what is declared of a connection to a workload from a proxy of which nothing is known: what the policies say of
 * any pod, the mesh of one without a proxy of its own (`client` stands for it), and packet filters of machines both of
 * a pod somewhere and of a machine. What hangs on the proxy is unknown.
 */
export function anyProxyOutcome(
  declared: Declared,
  client: Endpoint,
  destination: Workload,
  protocol: number,
  port: number,
): Outcome {
  const end: Endpoint = { kind: 'workload', workload: destination };
  const byPolicies = anyPodOutcome(declared.segmentation, destination, protocol, port);
  const byMesh = declared.mesh.judge({ source: client, destination: end, protocol, port });
  const mesh: Outcome = byMesh.every((reason) => reason.outcome === 'allow') ? 'allow' : 'unknown';
  return foldOutcomes([byPolicies, mesh, byFirewalls(declared, destination, protocol, port)]);
}

function byFirewalls(declared: Declared, destination: Workload, protocol: number, port: number): Outcome {
  const somePod: Workload = { ...destination, pods: [], hostNetwork: false };
  const sources: Endpoint[] = [{ kind: 'workload', workload: somePod }, { kind: 'node' }];
  const [first, ...others] = sources.map((source) => {
    const question = {
      source,
      destination: { kind: 'workload', workload: destination } as const,
      protocol,
      port,
    };
    return foldOutcomes(hostFirewallLayer.judge(question, declared).map(({ outcome }) => outcome));
  }) as [Outcome, ...Outcome[]];
  return others.every((outcome) => outcome === first) ? first : 'unknown';
}
