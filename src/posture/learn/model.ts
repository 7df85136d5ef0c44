import type { Direction } from '../../flow/verdict.ts';
import type { AddressSet } from '../../net/address-set.ts';
import type { Workload } from '../../segmentation/model.ts';
import type { PortsOf } from '../diff/transitions.ts';

/** One item of `from` or `to`. */
export type ProposedPeer =
  | {
      readonly kind: 'pods';
      /** Absent: the namespace of the policy. */
      readonly namespace: string | undefined;
      readonly labels: ReadonlyMap<string, string>;
      readonly comment: string;
    }
  | { readonly kind: 'addresses'; readonly range: AddressSet; readonly comment: string };

/** Peers that share their ports. */
export interface ProposedRule {
  readonly peers: readonly ProposedPeer[];
  readonly ports: readonly PortsOf[];
}

/** A NetworkPolicy for the pods of one workload: nothing passes but by its rules. */
export interface ProposedPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly workload: Workload;
  readonly labels: ReadonlyMap<string, string>;
  readonly rules: Readonly<Record<Direction, readonly ProposedRule[]>>;
}

/** What is proposed, and what could not be. */
export interface Proposal {
  readonly policies: readonly ProposedPolicy[];
  /** Workloads that were observed and have no stable label. */
  readonly unlabelled: readonly Workload[];
  /** Workloads of which no flow was observed; no policy is proposed for them. */
  readonly unobserved: readonly Workload[];
  /** Workloads of which no manifest tells whether they are in the mesh. */
  readonly meshUnknown: readonly Workload[];
}
