import type { Direction } from '../../flow/verdict.ts';
import { formatAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { istio } from '../../product/istio.ts';
import { addressesOf, type Endpoint, endpointText, nodesOf, viewOf } from '../../segmentation/endpoint.ts';
import { exposes } from '../../segmentation/explain.ts';
import { membershipOf } from '../../segmentation/mesh/membership.ts';
import { type Workload, workloadName } from '../../segmentation/model.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import { shareNode } from '../../segmentation/segmentation.ts';
import { Ternary } from '../../segmentation/ternary.ts';
import type { PortsOf } from '../diff/transitions.ts';
import type { Declared } from '../posture.ts';
import { isClusterDns, keptRules } from './kept-rules.ts';
import { selectingLabels } from './labels.ts';
import type { Proposal, ProposedPeer, ProposedPolicy, ProposedRule } from './model.ts';
import { byName, freeName } from './names.ts';
import type { Edge } from './observe.ts';

const everywhere = AddressSet.ofPrefixes(['0.0.0.0/0', '::/0'].flatMap((text) => parsePrefix(text) ?? []));

/** Everything observed between the subject of a policy and one peer, in one direction. */
interface Contact {
  readonly peer: Endpoint;
  readonly ports: Map<ApiProtocol, PortSet>;
  flows: number;
}

/**
 * Returns a NetworkPolicy for each observed workload: default-deny both ways, and for each observed peer exactly its
 * ports. Peers are named by labels, ends outside by address. Kept besides: DNS, and for pods in a mesh the way to istiod
 * (TCP 15012), the ambient tunnel (TCP 15008) and ambient health probes. Deterministic: the same flows in any order give
 * the same policies.
 */
export function propose(declared: Declared, edges: readonly Edge[]): Proposal {
  return new Proposer(declared).propose(edges);
}

class Proposer {
  readonly #declared: Declared;
  readonly #labels = new Map<Workload, ReadonlyMap<string, string>>();

  constructor(declared: Declared) {
    this.#declared = declared;
  }

  propose(edges: readonly Edge[]): Proposal {
    const contacts = {
      egress: new Map<Workload, Map<string, Contact>>(),
      ingress: new Map<Workload, Map<string, Contact>>(),
    };
    for (const edge of edges) {
      this.#add(contacts.egress, edge.source, edge.destination, edge);
      this.#add(contacts.ingress, edge.destination, edge.source, edge);
    }
    const { workloads } = this.#declared.inventory;
    const candidates = workloads.filter(({ finished, hostNetwork }) => !finished && !hostNetwork);
    const observed = candidates.filter((one) => contacts.egress.has(one) || contacts.ingress.has(one));
    const names = new Set<string>();
    const policies = observed
      .filter((workload) => this.#labelsOf(workload).size > 0)
      .sort(byName)
      .map((workload): ProposedPolicy => {
        const rules = {
          ingress: this.#rules('ingress', workload, contacts.ingress.get(workload)),
          egress: this.#rules('egress', workload, contacts.egress.get(workload)),
        };
        const namespace = workload.namespace.name;
        const name = freeName(workload, names);
        return { namespace, name, workload, labels: this.#labelsOf(workload), rules };
      });
    return {
      policies,
      unlabelled: observed.filter((workload) => this.#labelsOf(workload).size === 0),
      unobserved: candidates.filter((workload) => !observed.includes(workload)),
      meshUnknown: this.#knowsMesh()
        ? observed.filter((workload) => membershipOf(workload).mode === 'unknown')
        : [],
    };
  }

  /** Whether anything declared speaks of Istio: else it is not worth asking who is in the mesh. */
  #knowsMesh(): boolean {
    const { manifests, inventory } = this.#declared;
    return (
      manifests.resources.some(({ apiVersion }) => apiVersion.includes('.istio.io/')) ||
      inventory.workloads.some((workload) => !['none', 'unknown'].includes(membershipOf(workload).mode))
    );
  }

  #labelsOf(workload: Workload): ReadonlyMap<string, string> {
    let labels = this.#labels.get(workload);
    if (labels === undefined) {
      labels = selectingLabels(workload, this.#declared.inventory.workloads);
      this.#labels.set(workload, labels);
    }
    return labels;
  }

  #add(
    contacts: Map<Workload, Map<string, Contact>>,
    subject: Endpoint,
    peer: Endpoint,
    { protocol, port, flows }: Edge,
  ): void {
    if (subject.kind !== 'workload' || subject.workload.hostNetwork) return;
    let peers = contacts.get(subject.workload);
    if (peers === undefined) {
      peers = new Map();
      contacts.set(subject.workload, peers);
    }
    const key = peer.kind === 'workload' ? `w${peer.workload.index}` : endpointText(peer);
    const contact: Contact = peers.get(key) ?? { peer, ports: new Map(), flows: 0 };
    peers.set(key, contact);
    contact.ports.set(protocol, (contact.ports.get(protocol) ?? PortSet.empty).union(PortSet.of(port)));
    contact.flows += flows;
  }

  #rules(
    direction: Direction,
    subject: Workload,
    contacts: ReadonlyMap<string, Contact> = new Map(),
  ): ProposedRule[] {
    const { mode } = membershipOf(subject);
    const groups = new Map<string, { ports: readonly PortsOf[]; contacts: Contact[] }>();
    for (const contact of contacts.values()) {
      if (this.#needsNoRule(direction, subject, contact)) continue;
      const ports = this.#portsOf(contact, mode === 'ambient');
      const key = portsKey(ports);
      const group = groups.get(key) ?? { ports, contacts: [] };
      groups.set(key, group);
      group.contacts.push(contact);
    }
    const observed = [...groups.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(
        ([, { ports, contacts: list }]): ProposedRule => ({
          peers: this.#peers(direction, subject, list, ports),
          ports,
        }),
      );
    return [...keptRules(direction, mode), ...observed];
  }

  /** Traffic with its own node is always allowed, and DNS has a rule of its own. */
  #needsNoRule(direction: Direction, subject: Workload, { peer, ports }: Contact): boolean {
    const view = viewOf(peer, this.#declared.inventory);
    if (view.nodes !== undefined) {
      return shareNode(nodesOf({ kind: 'workload', workload: subject }), view.nodes) === Ternary.Yes;
    }
    if (direction === 'ingress' || peer.kind !== 'workload') return false;
    const isDns = isClusterDns(peer.workload);
    return isDns && [...ports].every(([, set]) => set.size === 1 && set.contains(53));
  }

  #portsOf({ peer, ports }: Contact, ambient: boolean): PortsOf[] {
    const protocols = Object.keys(apiProtocols) as ApiProtocol[];
    return protocols.flatMap((protocol) => {
      let set = ports.get(protocol) ?? PortSet.empty;
      const tunnelled =
        ambient && protocol === 'TCP' && peer.kind === 'workload' && !peer.workload.hostNetwork;
      if (tunnelled && !set.isEmpty) set = set.union(PortSet.of(istio.tunnelPort));
      return set.isEmpty ? [] : [{ protocol, ports: set }];
    });
  }

  #peers(
    direction: Direction,
    subject: Workload,
    contacts: readonly Contact[],
    ports: readonly PortsOf[],
  ): ProposedPeer[] {
    const pods = new Map<string, ProposedPeer>();
    let [range, flows] = [AddressSet.empty, 0];
    const named: string[] = [];
    for (const contact of contacts) {
      const { peer } = contact;
      if (peer.kind === 'workload' && !peer.workload.hostNetwork) {
        const { workload } = peer;
        const labels = this.#labelsOf(workload);
        const namespace = workload.namespace === subject.namespace ? undefined : workload.namespace.name;
        const comment = `${workloadName(workload)}, ${flowsText(contact.flows)}`;
        const key = `${namespace ?? ''}\0${JSON.stringify([...labels])}`;
        const known = pods.get(key);
        pods.set(key, {
          kind: 'pods',
          namespace,
          labels,
          comment: known === undefined ? comment : `${known.comment}; ${comment}`,
        });
        continue;
      }
      range = range.union(this.#addressesOf(peer));
      flows += contact.flows;
      named.push(this.#nameOf(peer));
    }
    const sorted = [...pods.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, peer]) => peer);
    if (named.length === 0) return sorted;
    const hidden = direction === 'ingress' && this.#hidesClients(subject, contacts, ports);
    const list = [...new Set(named)].sort();
    const text = `${list.slice(0, 6).join(', ')}${list.length > 6 ? ` and ${list.length - 6} more` : ''}, ${flowsText(flows)}`;
    const comment = hidden ? `${text}; any address: a Service may hide who the client is` : text;
    return [...sorted, { kind: 'addresses', range: hidden ? everywhere : range, comment }];
  }

  /** Addresses by which policies see an end that selectors do not find. */
  #addressesOf(peer: Endpoint): AddressSet {
    const { addresses } = viewOf(peer, this.#declared.inventory);
    const own = peer.kind === 'workload' && addresses.length === 0 ? addressesOf(peer.workload) : addresses;
    return own.reduce((set, address) => set.union(AddressSet.of(address)), AddressSet.empty);
  }

  #nameOf(peer: Endpoint): string {
    if (peer.kind !== 'external') return endpointText(peer);
    const { kind, name } = this.#declared.addresses.identify(peer.address);
    return kind === 'host' ? `${name} (${formatAddress(peer.address)})` : formatAddress(peer.address);
  }

  /** Whether clients from outside may come with the address of a node: then their own address admits nobody. */
  #hidesClients(subject: Workload, contacts: readonly Contact[], ports: readonly PortsOf[]): boolean {
    if (!contacts.some(({ peer }) => peer.kind === 'external')) return false;
    return this.#declared.inventory.services.some((service) =>
      ports.some(({ protocol, ports: set }) =>
        set.ranges().some(({ from, to }) => {
          for (let port = from; port <= to; port++) {
            if (exposes(service, subject, apiProtocols[protocol], port)) return true;
          }
          return false;
        }),
      ),
    );
  }
}

function portsKey(ports: readonly PortsOf[]): string {
  return ports
    .map(({ protocol, ports: set }) => {
      const ranges = set.ranges().map(({ from, to }) => `${pad(from)}-${pad(to)}`);
      return `${protocol} ${ranges.join(',')}`;
    })
    .join(' ');
}

/** Numbers of one width sort by value. */
function pad(port: number): string {
  return String(port).padStart(5, '0');
}

function flowsText(flows: number): string {
  return `${flows} flow${flows === 1 ? '' : 's'}`;
}
