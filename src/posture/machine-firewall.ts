import type { Span } from '../diagnostic/diagnostic.ts';
import type { FirewallProblem, OpaquePart, Ruleset } from '../firewall/ruleset.ts';
import type { FirewallCall, FirewallScript, FollowOptions } from '../firewall/script-text.ts';
import type { Range } from '../manifest/locations.ts';
import { nodesOf } from '../segmentation/endpoint.ts';
import type { ClusterNode, Workload } from '../segmentation/model.ts';
import { fieldAt, fieldsOf } from '../segmentation/values.ts';
import type { ContainerFacts } from './controls/container-facts.ts';
import type { ShellScript } from './controls/script.ts';

/** A packet filter that a workload puts onto the machines it runs on. */
export interface MachineFirewall {
  /** E.g. `DaemonSet security/firewall-rules`. */
  readonly name: string;
  readonly workload: Workload;
  readonly container: ContainerFacts;
  /** What the text declares, beginning with empty chains: rules that others made on the machine are not known. */
  readonly ruleset: Ruleset;
  readonly problems: readonly FirewallProblem[];
  readonly opaque: readonly OpaquePart[];
  readonly calls: readonly FirewallCall[];
  /** Undefined for the hooks of a WireGuard configuration. */
  readonly script: ShellScript | undefined;
  /** Follows the script or command again from the beginning. */
  follow(options: FollowOptions): FirewallScript;
  /** Returns where a stretch of the text stands in the user's files. */
  span(at: Range): Span;
  /** Returns the text of a stretch. */
  text(at: Range): string;
}

/**
 * Tells whether a workload runs on a machine: a DaemonSet without node selector and affinity runs on every one, others
 * where their pods are known to be. Undefined when no manifest tells.
 */
export function runsOn(workload: Workload, node: ClusterNode | undefined): boolean | undefined {
  const { kind, source, podPath } = workload;
  const spec = fieldsOf(fieldAt(source.value, ...(podPath as string[]), 'spec'));
  const labels = Object.keys(fieldsOf(spec.nodeSelector)).filter((label) => label !== 'kubernetes.io/os');
  const anywhere = labels.length === 0 && spec.affinity === undefined && spec.nodeName === undefined;
  if (kind === 'DaemonSet' && anywhere) return true;
  const nodes = nodesOf({ kind: 'workload', workload });
  if (nodes === 'anywhere' || node === undefined) return undefined;
  return nodes.has(node.index);
}
