import type { Direction } from '../../flow/verdict.ts';
import type { Path, Resource } from '../../manifest/resource.ts';
import type { AddressSet } from '../../net/address-set.ts';
import type { Selection, Selector } from '../label-selector.ts';
import type { PolicyPorts } from '../policy-ports.ts';

export type Tier = 'Admin' | 'Baseline';

/** What a rule does with traffic that it matches; v1alpha1 writes `Allow` for `Accept`. */
export type TierAction = 'Accept' | 'Deny' | 'Pass';

/** Pods by the labels of their namespace and, where given, their own. */
export interface ClusterPods {
  readonly namespaces: Selector;
  readonly pods: Selector | undefined;
}

/** One item of `from` or `to`. */
export type ClusterPeer = { readonly path: Path } & (
  | { readonly kind: 'pods'; readonly pods: ClusterPods }
  | { readonly kind: 'nodes'; readonly nodes: Selector }
  | { readonly kind: 'networks'; readonly addresses: AddressSet }
  /** Which addresses the names stand for no manifest tells. */
  | { readonly kind: 'domainNames'; readonly names: readonly string[] }
  /** None of the fields of the API is set: written for a version that is not known here. */
  | { readonly kind: 'unknown'; readonly field: string }
);

/** One rule, as read. */
export interface ClusterRule {
  /** Position in the list of its direction. */
  readonly index: number;
  readonly path: Path;
  readonly name: string | undefined;
  readonly action: TierAction;
  readonly peers: readonly ClusterPeer[];
  /** What the networks among the peers hold together; undefined when there is none. */
  readonly networks: AddressSet | undefined;
  /** It has a peer of an unknown kind and fails closed: an Accept matches nothing, any other denies everything. */
  readonly closed: boolean;
  /** Undefined: any traffic, ICMP too. */
  readonly ports: PolicyPorts | undefined;
}

/** A ClusterNetworkPolicy, AdminNetworkPolicy or BaselineAdminNetworkPolicy, as read. */
export interface ClusterPolicy {
  readonly source: Resource;
  readonly name: string;
  readonly tier: Tier;
  /** 0 … 1000, lower first; undefined where the kind has none (BaselineAdminNetworkPolicy) or it is not told. */
  readonly priority: number | undefined;
  /** Why the API server would refuse it; then nothing can be said of what the team will get instead. */
  readonly fault: string | undefined;
  /** Undefined when the faulty policy does not tell: it may be about any pod. */
  readonly subject: ClusterPods | undefined;
  readonly rules: Readonly<Record<Direction, readonly ClusterRule[]>>;
}

/**
 * A rule of a tier as it bears on one subject, with the workloads that it certainly and possibly matches as the other
 * end. The rules of one policy stand together, in their order. Policies of equal priority are neighbours, and which of
 * them comes first nobody defines: `tierOutcomes` and `tierPorts` know that.
 */
export interface TierRule extends Selection {
  readonly policy: ClusterPolicy;
  readonly rule: ClusterRule;
  readonly action: TierAction;
  /** Whether the policy certainly selects the subject and certainly comes at this place. */
  readonly certain: boolean;
}
