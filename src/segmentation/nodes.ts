import type { Resource } from '../manifest/resource.ts';
import { type Address, formatAddress, parseAddress } from '../net/address.ts';
import { type Prefix, parsePrefix } from '../net/prefix.ts';
import type { Labels } from './label-selector.ts';
import type { ClusterNode } from './model.ts';
import { fieldAt, fieldsOf, listOf, textOf } from './values.ts';

interface Draft {
  readonly index: number;
  name: string | undefined;
  labels: Labels;
  readonly addresses: Map<string, Address>;
  readonly podNetworks: Prefix[];
}

const undeclared: Labels = { known: new Map(), undetermined: 'others' };

/** Labels that the kubelet and the cloud provider set (kubernetes.io/docs/reference/labels-annotations-taints). */
const setByCluster: ReadonlySet<string> = new Set([
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

/** Gathers machines from Node objects and from what pods say of the machine they run on. */
export class NodeTable {
  readonly #drafts: Draft[] = [];
  readonly #byName = new Map<string, Draft>();
  readonly #byAddress = new Map<string, Draft>();

  /** Takes a `v1` Node: its labels, `status.addresses` and `spec.podCIDRs`. */
  declare(node: Resource): void {
    const addresses = listOf(fieldAt(node.value, 'status', 'addresses')).map(
      (entry) => fieldsOf(entry).address,
    );
    const index = this.locate(node.name, addresses);
    const draft = index === undefined ? undefined : this.#drafts[index];
    if (draft === undefined) return;
    draft.labels = { known: new Map(Object.entries(node.labels)), undetermined: setByCluster };
    const written = [
      fieldAt(node.value, 'spec', 'podCIDR'),
      ...listOf(fieldAt(node.value, 'spec', 'podCIDRs')),
    ];
    for (const text of new Set(written)) {
      const prefix = typeof text === 'string' ? parsePrefix(text) : undefined;
      if (prefix !== undefined) draft.podNetworks.push(prefix);
    }
  }

  /** Returns the index of the machine with this name or one of these addresses; undefined when neither is given. */
  locate(name: string | undefined, addressTexts: readonly unknown[]): number | undefined {
    const addresses = readAddresses(addressTexts);
    const draft = this.#find(name, addresses);
    if (draft === undefined) return undefined;
    if (name !== undefined) {
      draft.name ??= name;
      this.#byName.set(name, draft);
    }
    for (const address of addresses) {
      const key = formatAddress(address);
      draft.addresses.set(key, address);
      this.#byAddress.set(key, draft);
    }
    return draft.index;
  }

  #find(name: string | undefined, addresses: readonly Address[]): Draft | undefined {
    const named = name === undefined ? undefined : this.#byName.get(name);
    if (named !== undefined) return named;
    for (const address of addresses) {
      const found = this.#byAddress.get(formatAddress(address));
      if (found !== undefined && (name === undefined || found.name === undefined)) return found;
    }
    if (name === undefined && addresses.length === 0) return undefined;
    const draft: Draft = {
      index: this.#drafts.length,
      name,
      labels: undeclared,
      addresses: new Map(),
      podNetworks: [],
    };
    this.#drafts.push(draft);
    return draft;
  }

  /** Returns all machines, at the indexes that {@link locate} gave. */
  finish(): ClusterNode[] {
    return this.#drafts.map(({ index, name, labels, addresses, podNetworks }) => ({
      index,
      name,
      labels,
      addresses: [...addresses.values()],
      podNetworks,
    }));
  }
}

/** Returns the addresses among `values`; host names and rubbish are left out, duplicates folded. */
export function readAddresses(values: readonly unknown[]): Address[] {
  const found = new Map<string, Address>();
  for (const value of values) {
    const text = textOf(value);
    const address = text === undefined ? undefined : parseAddress(text);
    if (address !== undefined) found.set(formatAddress(address), address);
  }
  return [...found.values()];
}
