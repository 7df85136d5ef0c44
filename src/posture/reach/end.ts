import type { Span } from '../../diagnostic/diagnostic.ts';
import type { AddressSet } from '../../net/address-set.ts';
import { type Workload, workloadName } from '../../segmentation/model.ts';

/** A row or column of the matrix: something that no declared control tells apart any further. */
export type ReachEnd =
  | { readonly kind: 'workload'; readonly workload: Workload }
  /** Addresses outside the cluster between which no control makes a difference. */
  | { readonly kind: 'external'; readonly range: AddressSet }
  /** A way in from outside: an Ingress, a Route, a Gateway's route. Only ever a source. */
  | { readonly kind: 'entry'; readonly text: string; readonly span: Span }
  /** Pods or namespaces that no manifest declares, as a policy's selector describes them. */
  | { readonly kind: 'unseen'; readonly text: string };

/**
 * Returns e.g. `shop/api`, `0.0.0.0/0`, `Ingress shop/web`. Unique within one matrix, except for workloads that share
 * their name with one of another kind.
 */
export function reachEndText(end: ReachEnd): string {
  switch (end.kind) {
    case 'workload':
      return workloadName(end.workload);
    case 'external':
      return end.range.toString();
    default:
      return end.text;
  }
}
