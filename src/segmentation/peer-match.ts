import { formatAddress } from '../net/address.ts';
import type { PeerView } from './endpoint.ts';
import { blockContainsOneOf, blockText, type IpBlock, isWholeFamily } from './ip-block.ts';
import { matches } from './label-selector.ts';
import { workloadName } from './model.ts';
import type { PolicyPeer } from './network-policy.ts';
import { both, Ternary } from './ternary.ts';

/**
 * Whether an ipBlock that contains the address of a pod matches that pod. The API leaves it to the network plugin:
 * the Kubernetes conformance tests expect a match, Cilium never matches.
 */
export type IpBlockScope = 'match' | 'never' | 'unknown';

/** Whether a peer matches, and what is missing when that is not known. */
export interface PeerAnswer {
  readonly answer: Ternary;
  readonly why?: string;
}

const no: PeerAnswer = { answer: Ternary.No };
const yes: PeerAnswer = { answer: Ternary.Yes };

/** Returns whether an ipBlock matches this end, whose address reaches the policy unchanged. */
export function matchBlock(block: IpBlock, view: PeerView, scope: IpBlockScope): Ternary {
  if (view.isPod && scope === 'never') return Ternary.No;
  const contained = blockContainsOneOf(block, view.addresses);
  return view.isPod && scope === 'unknown' ? both(contained, Ternary.Maybe) : contained;
}

/**
 * Returns whether one item of `from` or `to` of a policy in `namespace` matches this end. `masqueraded`: the end may
 * be seen with the address of a node instead of its own.
 */
export function matchPeer(
  peer: PolicyPeer,
  view: PeerView,
  namespace: string,
  scope: IpBlockScope,
  masqueraded: boolean,
): PeerAnswer {
  if (peer.block === undefined) return matchSelectors(peer, view, namespace);
  const text = `ipBlock ${blockText(peer.block)}`;
  if (masqueraded) {
    if (view.addresses.every((address) => isWholeFamily(peer.block as IpBlock, address))) return yes;
    const why = `the Service in front of the pod may replace the client's address with a node's before ${text} sees it`;
    return { answer: Ternary.Maybe, why };
  }
  const answer = matchBlock(peer.block, view, scope);
  return answer === Ternary.Maybe ? { answer, why: whyBlock(text, view) } : { answer };
}

function whyBlock(text: string, view: PeerView): string {
  const [address] = view.addresses;
  if (address === undefined)
    return `no manifest tells the address of ${view.text}, which ${text} may contain`;
  if (view.isPod)
    return `whether ${text} matches the pod address ${formatAddress(address)} depends on the network plugin`;
  return `${text} contains only some of the addresses of ${view.text}`;
}

function matchSelectors(peer: PolicyPeer, view: PeerView, namespace: string): PeerAnswer {
  const { podSelector, namespaceSelector } = peer;
  if (view.undeclaredPod) {
    return { answer: Ternary.Maybe, why: `${view.text} is a pod's address, but no manifest tells whose` };
  }
  const pod = view.pods;
  if (pod === undefined || pod.finished) return no;
  const byPod = podSelector === undefined ? Ternary.Yes : matches(podSelector, pod.labels);
  const byNamespace =
    namespaceSelector === undefined
      ? pod.namespace.name === namespace
        ? Ternary.Yes
        : Ternary.No
      : matches(namespaceSelector, pod.namespace.labels);
  const answer = both(byPod, byNamespace);
  if (answer !== Ternary.Maybe) return { answer };
  const why =
    byNamespace === Ternary.Maybe
      ? `no manifest declares namespace ${pod.namespace.name}, so its labels are not known`
      : `labels that a controller adds to the pods of ${workloadName(pod)} decide it`;
  return { answer, why };
}
