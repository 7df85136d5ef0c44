import type { ClusterPeer } from '../../segmentation/cluster-policy/model.ts';
import { namespaceNameLabel } from '../../segmentation/inventory.ts';
import { type Labels, matches, type Selector, selectorText } from '../../segmentation/label-selector.ts';
import type { Inventory, Namespace, Workload } from '../../segmentation/model.ts';
import type { PolicyPeer } from '../../segmentation/network-policy.ts';
import type { Segmentation } from '../../segmentation/segmentation.ts';
import { Ternary } from '../../segmentation/ternary.ts';

/** Pods that no manifest declares and that a policy's selectors mean. */
export interface UnseenPods {
  /** E.g. `pods app=web in namespaces env=production`; the empty text for pods of which no policy says anything. */
  readonly text: string;
  readonly namespaces: Selector | string;
  readonly pods: Selector;
}

/** Pods without any label that a policy asks for, in a namespace without any. */
const nondescript: UnseenPods = { text: '', namespaces: [], pods: [] };

/**
 * Returns the kinds of unseen pods that the rules of policies tell apart, the nondescript ones first. Selectors that mean
 * declared pods only by their labels are left out: those pods are seen. A peer that means all pods of some namespaces
 * stays, since there may always be another one.
 */
export function unseenPods(segmentation: Segmentation): UnseenPods[] {
  const found = new Map<string, UnseenPods>([['', nondescript]]);
  const add = (namespaces: Selector | string, pods: Selector) => {
    const text = describe(namespaces, pods);
    if (!found.has(text) && !isSeen(segmentation, namespaces, pods))
      found.set(text, { text, namespaces, pods });
  };
  for (const { policy } of segmentation.policies) {
    for (const { peers } of [...(policy.rules.ingress ?? []), ...(policy.rules.egress ?? [])]) {
      for (const peer of peers ?? []) addPeer(peer, policy.namespace, add);
    }
  }
  for (const { policy } of segmentation.clusterPolicies) {
    for (const { peers } of [...policy.rules.ingress, ...policy.rules.egress]) {
      for (const peer of peers) addClusterPeer(peer, add);
    }
  }
  return [...found.values()];
}

type Add = (namespaces: Selector | string, pods: Selector) => void;

function addPeer({ block, namespaceSelector, podSelector }: PolicyPeer, own: string, add: Add): void {
  if (block === undefined) add(namespaceSelector ?? own, podSelector ?? []);
}

function addClusterPeer(peer: ClusterPeer, add: Add): void {
  if (peer.kind === 'pods') add(peer.pods.namespaces, peer.pods.pods ?? []);
}

function isSeen({ population }: Segmentation, namespaces: Selector | string, pods: Selector): boolean {
  if (pods.length === 0) return typeof namespaces !== 'string' && namespaces.length === 0;
  return population.select(pods, namespaces).yes.some((word) => word !== 0);
}

function describe(namespaces: Selector | string, pods: Selector): string {
  const which = pods.length === 0 ? 'all pods' : `pods with ${selectorText(pods)}`;
  const name = typeof namespaces === 'string' ? namespaces : nameAsked(namespaces);
  if (name !== undefined) return `${which} of namespace ${name}`;
  if (typeof namespaces === 'string' || namespaces.length === 0) return `${which} of any namespace`;
  return `${which} of namespaces with ${selectorText(namespaces)}`;
}

function nameAsked(namespaces: Selector): string | undefined {
  const [only, more] = namespaces;
  if (more !== undefined || only?.key !== namespaceNameLabel || only.operator !== 'In') return undefined;
  return only.values.size === 1 ? [...only.values][0] : undefined;
}

/** Returns the inventory with one workload more for each kind of unseen pods, behind the declared ones and in their order. */
export function withUnseen(inventory: Inventory, unseen: readonly UnseenPods[]): Inventory {
  const namespaces = [...inventory.namespaces];
  const [model] = inventory.workloads;
  if (model === undefined) return inventory;
  const workloads = [...inventory.workloads];
  for (const { namespaces: where, pods } of unseen) {
    const namespace = namespaceFor(where, namespaces);
    workloads.push({
      ...model,
      index: workloads.length,
      kind: 'Pod',
      namespace,
      name: `unseen-${workloads.length}`,
      labels: labelsFor(pods),
      annotations: new Map(),
      pods: [],
      single: false,
      hostNetwork: false,
      finished: false,
      ports: [],
    } satisfies Workload);
  }
  return { ...inventory, namespaces, workloads };
}

/** A namespace that the selector matches: a declared one where it is named, else one of its own. */
function namespaceFor(where: Selector | string, namespaces: Namespace[]): Namespace {
  const name = typeof where === 'string' ? where : nameAsked(where);
  const declared = namespaces.find((namespace) =>
    name === undefined
      ? typeof where !== 'string' && where.length > 0 && matches(where, namespace.labels) === Ternary.Yes
      : namespace.name === name,
  );
  if (declared !== undefined) return declared;
  const index = namespaces.length;
  const labels =
    typeof where === 'string'
      ? { known: new Map<string, string>(), undetermined: new Set<string>() }
      : labelsFor(where);
  const known = new Map(labels.known);
  if (name !== undefined) known.set(namespaceNameLabel, name);
  const namespace: Namespace = { index, name: name ?? `unseen-${index}`, labels: { ...labels, known } };
  namespaces.push(namespace);
  return namespace;
}

/** Labels that the selector matches, and none beyond. */
function labelsFor(selector: Selector): Labels {
  const known = new Map<string, string>();
  for (const { key, operator, values } of selector) {
    const [value = 'any'] = operator === 'In' ? values : [];
    if (operator === 'In' || operator === 'Exists') known.set(key, known.get(key) ?? value);
  }
  return { known, undetermined: new Set() };
}
