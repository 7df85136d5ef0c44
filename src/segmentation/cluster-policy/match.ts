import type { PeerView } from '../endpoint.ts';
import { matches } from '../label-selector.ts';
import { type ClusterNode, workloadName } from '../model.ts';
import { matchAddresses, type PeerAnswer, whyAddresses } from '../peer-match.ts';
import { both, Ternary, unanimous } from '../ternary.ts';
import type { ClusterPeer, ClusterPods, ClusterRule } from './model.ts';

/** How the peers of a rule answer together, and which of them it rests on. */
export interface ClusterPeersAnswer extends PeerAnswer {
  readonly peer?: ClusterPeer;
}

/**
 * Returns whether the peers of a rule match this end. Networks match pods too, whatever the network plugin does with
 * the blocks of NetworkPolicies. A rule that fails closed matches nothing (Accept) or everything (Deny).
 */
export function matchClusterPeers(
  rule: ClusterRule,
  view: PeerView,
  nodes: readonly ClusterNode[],
): ClusterPeersAnswer {
  if (rule.closed) return { answer: rule.action === 'Accept' ? Ternary.No : Ternary.Yes };
  let best: ClusterPeersAnswer = { answer: Ternary.No };
  for (const peer of rule.peers) {
    const found = matchPeer(peer, view, nodes);
    if (found.answer > best.answer) best = { ...found, peer };
  }
  if (rule.networks === undefined || best.answer === Ternary.Yes) return best;
  // Two ranges may hold together what neither holds alone.
  const answer = matchAddresses(rule.networks, view, 'match');
  const peer = rule.peers.find(({ kind }) => kind === 'networks') as ClusterPeer;
  return answer > best.answer ? { answer, peer } : best;
}

function matchPeer(peer: ClusterPeer, view: PeerView, nodes: readonly ClusterNode[]): PeerAnswer {
  if (peer.kind === 'pods') return matchPods(peer.pods, view);
  if (peer.kind === 'nodes') return matchNodes(peer, view, nodes);
  if (peer.kind === 'domainNames') return matchNames(peer.names, view);
  if (peer.kind !== 'networks') return { answer: Ternary.No };
  const answer = matchAddresses(peer.addresses, view, 'match');
  if (answer !== Ternary.Maybe) return { answer };
  return { answer, why: whyAddresses(`the list of networks (${peer.addresses})`, view) };
}

function matchPods({ namespaces, pods }: ClusterPods, view: PeerView): PeerAnswer {
  if (view.undeclaredPod) {
    return { answer: Ternary.Maybe, why: `${view.text} is a pod's address, but no manifest tells whose` };
  }
  const workload = view.pods;
  if (workload === undefined || workload.finished) return { answer: Ternary.No };
  const byNamespace = matches(namespaces, workload.namespace.labels);
  const answer = both(byNamespace, pods === undefined ? Ternary.Yes : matches(pods, workload.labels));
  if (answer !== Ternary.Maybe) return { answer };
  const why =
    byNamespace === Ternary.Maybe
      ? `no manifest declares namespace ${workload.namespace.name}, so its labels are not known`
      : `labels that a controller adds to the pods of ${workloadName(workload)} decide it`;
  return { answer, why };
}

/** Returns whether the peer selects the node that this end is; a selector without conditions selects every node. */
export function matchNodes(
  { nodes: selector }: Extract<ClusterPeer, { kind: 'nodes' }>,
  view: PeerView,
  nodes: readonly ClusterNode[],
): PeerAnswer {
  if (view.nodes === undefined) return { answer: Ternary.No };
  if (selector.length === 0) return { answer: Ternary.Yes };
  const why = `no manifest tells enough of the labels of the node that ${view.text} is`;
  if (view.nodes === 'anywhere') return { answer: Ternary.Maybe, why };
  const answers = [...view.nodes].map((index) => {
    const node = nodes[index];
    return node === undefined ? Ternary.Maybe : matches(selector, node.labels);
  });
  return { answer: unanimous(answers), why };
}

/**
 * Returns whether domain names may stand for this end. Names outside the cluster's own domain are taken not to lead to
 * pods; those of pods and headless Services may (NPEP-133).
 */
export function matchNames(names: readonly string[], view: PeerView): PeerAnswer {
  const inCluster = (name: string) => /(^|\.)local\.?$/i.test(name) || /(^|\.)(svc|pod)\./i.test(name);
  if (view.pods !== undefined && !names.some(inCluster)) return { answer: Ternary.No };
  return {
    answer: Ternary.Maybe,
    why: `no manifest tells whether ${names.slice(0, 3).join(', ')} stands for ${view.text}`,
  };
}
