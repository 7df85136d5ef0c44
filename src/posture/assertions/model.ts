import type { Span } from '../../diagnostic/diagnostic.ts';
import type { AddressSet } from '../../net/address-set.ts';
import type { PortSet } from '../../net/port-set.ts';
import type { Selector } from '../../segmentation/label-selector.ts';
import type { ApiProtocol } from '../../segmentation/protocol.ts';
import type { HttpRequest } from '../../segmentation/request.ts';

export type AssertionKind = 'must' | 'must-not' | 'only';

/** One way to name ends. */
export type EndPattern =
  /** All addresses outside. */
  | { readonly kind: 'internet' }
  /** Everything there is. */
  | { readonly kind: 'any' }
  /** Workloads by `namespace/name` or `Kind/namespace/name` with wildcards. */
  | { readonly kind: 'name'; readonly glob: string }
  /** A host of the site file, or all workloads of a namespace. */
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'addresses'; readonly range: AddressSet }
  /** Ways in from outside, by what they call themselves, e.g. `Ingress shop/web`. */
  | { readonly kind: 'entry'; readonly glob: string }
  | {
      readonly kind: 'labels';
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly workloadKind: string | undefined;
      readonly selector: Selector;
    };

/** A pattern as it was written. */
export interface WrittenEnd {
  readonly pattern: EndPattern;
  readonly text: string;
  readonly span: Span;
}

/** The ports of an assertion; names are resolved for each destination. */
export interface AskedPorts {
  readonly numbers: PortSet;
  readonly names: readonly string[];
  readonly text: string;
  readonly span: Span;
}

/** One statement about the manifests that a person wrote down. */
export interface Assertion {
  readonly kind: AssertionKind;
  readonly name: string;
  readonly reason: string | undefined;
  readonly from: readonly WrittenEnd[];
  readonly to: readonly WrittenEnd[];
  readonly ports: AskedPorts;
  readonly protocols: readonly ApiProtocol[];
  readonly request: HttpRequest | undefined;
  readonly allowUnknown: boolean;
  /** The word `must`, `must-not` or `only`. */
  readonly span: Span;
}
