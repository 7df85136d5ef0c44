import { formatAddress } from '../net/address.ts';
import type { AddressSet } from '../net/address-set.ts';
import type { PeerView } from './endpoint.ts';
import { blockAddresses, blockText, type IpBlock, isWholeFamily, setContainsOneOf } from './ip-block.ts';
import { matches } from './label-selector.ts';
import { workloadName } from './model.ts';
import type { PolicyPeer, PolicyRule } from './network-policy.ts';
import { both, either, Ternary } from './ternary.ts';

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

/** How the peers of a rule answer together, and which of them it rests on. */
export interface PeersAnswer extends PeerAnswer {
  readonly peer?: PolicyPeer;
}

/** Returns whether addresses in a policy match this end, whose address reaches the policy unchanged. */
export function matchAddresses(set: AddressSet, view: PeerView, scope: IpBlockScope): Ternary {
  if (view.isPod && scope === 'never') return Ternary.No;
  const contained = setContainsOneOf(set, view.addresses);
  return view.isPod && scope === 'unknown' ? both(contained, Ternary.Maybe) : contained;
}

/**
 * Returns whether the peers of a rule of a policy in `namespace` match this end. Blocks count together: what one of
 * them holds only a half of, two may hold whole. `masqueraded`: the end may be seen with the address of a node instead
 * of its own.
 */
export function matchPeers(
  { peers, blocks }: PolicyRule,
  view: PeerView,
  namespace: string,
  scope: IpBlockScope,
  masqueraded: boolean,
): PeersAnswer {
  if (peers === undefined) return { answer: Ternary.Yes };
  let best: PeersAnswer = { answer: Ternary.No };
  for (const peer of peers) {
    if (peer.block !== undefined) continue;
    const found = matchSelectors(peer, view, namespace);
    if (found.answer > best.answer) best = { ...found, peer };
  }
  if (blocks === undefined) return best;
  const match = (set: AddressSet) =>
    masqueraded ? matchMasqueraded(set, view) : matchAddresses(set, view, scope);
  const answer = match(blocks);
  if (answer <= best.answer) return best;
  const items = peers.filter(({ block }) => block !== undefined);
  const alone = items.find(({ block }) => match(blockAddresses([block as IpBlock])) === answer);
  const peer = alone ?? (items[0] as PolicyPeer);
  if (answer === Ternary.Yes) return { answer, peer };
  const text = `ipBlock ${blockText(peer.block as IpBlock)}`;
  const why = masqueraded
    ? `the Service in front of the pod may replace the client's address with a node's before ${text} sees it`
    : whyAddresses(text, view);
  return { answer, peer, why };
}

/**
 * Returns what {@link matchPeers} answers for an end that is no declared pod, without the reason: for many of them at
 * once.
 */
export function matchOutside(
  { peers, blocks }: PolicyRule,
  view: PeerView,
  scope: IpBlockScope,
  masqueraded: boolean,
): Ternary {
  if (peers === undefined) return Ternary.Yes;
  const bySelector = view.undeclaredPod && peers.some(({ block }) => block === undefined);
  const answer = bySelector ? Ternary.Maybe : Ternary.No;
  if (blocks === undefined) return answer;
  return either(answer, masqueraded ? matchMasqueraded(blocks, view) : matchAddresses(blocks, view, scope));
}

/** The policy sees the address of the client or that of a node, of the same family. */
function matchMasqueraded(set: AddressSet, { addresses }: PeerView): Ternary {
  return addresses.every((address) => isWholeFamily(set, address)) ? Ternary.Yes : Ternary.Maybe;
}

/** Returns why `Maybe` is the answer of {@link matchAddresses} for the addresses that `text` names. */
export function whyAddresses(text: string, view: PeerView): string {
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
  if (pod === undefined || pod.finished) return { answer: Ternary.No };
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
